# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""The same distillation again, with one thing changed: how much do the maps owe to it?"""

from __future__ import annotations

import gc
import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from monai_medtex.networks import TeacherProgram, load_weights
from monai_medtex.utils import InputError, ensure_teacher, save_tensors

from .configuration import RunConfiguration
from .similarity import map_ssim, rank_correlation
from .subject import Subject

__all__ = ["RETRAININGS", "Retrainer", "Retraining", "lengths", "resemblance", "shuffled_labels"]

PHASES = ("predictor_epochs", "explainer_epochs")  # parts of ``epochs`` in some configurations
RECIPE = ("teacher_epochs", "batch_size", "learning_rate")


class Retraining(NamedTuple):
    """A distillation to repeat.

    Attributes:
        title: what is changed, in words.
        needs_labels: whether a teacher is fitted.
        make_teacher: leaves a teacher's weights in a file; None for the run's own teacher.
        seed: added to the run's.
        must_differ: whether its maps must differ from the run's, or else resemble them.
    """

    title: str
    needs_labels: bool
    make_teacher: Callable[[Retrainer, Path], None] | None
    seed: int
    must_differ: bool


@dataclass(frozen=True)
class Retrainer:
    """Distils again with a run's own configuration.

    Attributes:
        configuration: of the run.
        epochs: of a distillation; None for as many as the run had.
        teacher_epochs: of a teacher's training; None for as many as the run's teacher had.
    """

    configuration: RunConfiguration
    epochs: int | None = None
    teacher_epochs: int | None = None

    def maps(self, retraining: Retraining, subject: Subject, folder: Path) -> Tensor:
        """Distil, or go on with an interrupted distillation, and return theta of the test images, shape BCHW[D].

        Args:
            retraining: what to change.
            subject: the run, for its test images.
            folder: of all that is written.
        """
        changes: dict[str, Any] = {"seed": self._seed + retraining.seed}
        if retraining.make_teacher is not None:
            retraining.make_teacher(self, folder / "teacher.pt")
            changes["teacher_path"] = folder / "teacher.pt"  # teacher_ckpt may name the architecture, too
        run = folder / "run"
        parser = self.configuration.open(
            run_dir=str(run),
            **{"epoch_log#title": f"distilling again, {retraining.title}"},
            **lengths(self.configuration.config, self.epochs),
            **changes,
        )
        if not (run / "finished").exists():
            parser.get_parsed_content("run")
        deployed = parser.get_parsed_content("deployable")
        load_weights(deployed, run / "model.pt")
        deployed.to(subject.device).eval()
        with torch.no_grad():
            maps = torch.cat([deployed.explain(batch.images).float().cpu() for batch in subject.batches()])
        gc.collect()
        return maps

    def shortened(self) -> list[str]:
        """Say what of these trainings is shorter than the run's was."""
        config = self.configuration.config
        teacher_epochs = recipe_beside(config["teacher_ckpt"]).get("teacher_epochs", config["teacher_epochs"])
        lengths = {"epochs": (self.epochs, config["epochs"]), "teacher_epochs": (self.teacher_epochs, teacher_epochs)}
        return [f"{name} {made} of {full}" for name, (made, full) in lengths.items() if made and made < full]

    def random_teacher(self, path: Path) -> None:
        """Leave a teacher as it is before any training."""
        if not path.is_file():
            network = self.configuration.open(seed=self._seed + 1).get_parsed_content("teacher_network")
            if isinstance(network, TeacherProgram):
                raise InputError("an exported teacher comes with its weights, so there is none with random ones")
            save_tensors(network.state_dict(), path)

    def shuffled_teacher(self, path: Path) -> None:
        """Fit a teacher to the labels of other images."""
        data = {
            f"{loader}#dataset#data": f"$monai_medtex.trust.shuffled_labels(@data['{section}'], @seed)"
            for loader, section in (("teacher_training", "training"), ("validate", "validation"))
        }
        self._fit_teacher(path, "teacher, shuffled labels", data)

    def other_teacher(self, path: Path) -> None:
        """Fit a teacher as the run's own, from another seed."""
        self._fit_teacher(path, "another teacher", {})

    def _fit_teacher(self, path: Path, title: str, changes: Mapping[str, Any]) -> None:
        if path.is_file():
            return
        recipe = recipe_beside(self.configuration.config["teacher_ckpt"])
        if self.teacher_epochs:
            recipe["teacher_epochs"] = self.teacher_epochs
        parser = self.configuration.open(
            seed=self._seed + 1,
            run_dir=str(path.with_suffix("")),
            **{"teacher_training#epoch_log#title": title},
            **recipe,
            **changes,
        )
        trainer = parser.get_parsed_content("teacher_training#trainer")
        if trainer is None:
            raise InputError("the config files of this teacher do not say how one is trained")
        ensure_teacher(path, trainer, Path(parser.get_parsed_content("teacher_dir")) / "model.pt")

    @property
    def _seed(self) -> int:
        return int(self.configuration.config["seed"])


RETRAININGS = {
    "random_teacher": Retraining("a teacher with random weights", False, Retrainer.random_teacher, 0, True),
    "shuffled_teacher": Retraining("a teacher of shuffled labels", True, Retrainer.shuffled_teacher, 0, True),
    "other_seed": Retraining("another seed", False, None, 1, False),
    "other_teacher": Retraining("another teacher", True, Retrainer.other_teacher, 0, False),
}


def lengths(config: Mapping[str, Any], epochs: int | None) -> dict[str, int]:
    """Give the epochs of a distillation, and of its phases where it has any, which are shortened alike.

    Args:
        config: of the run.
        epochs: of the distillation; None for as many as the run had.

    Raises:
        InputError: When there would be no epoch for the second of two phases.
    """
    full = config["epochs"]
    made = epochs or full
    phases = {name: max(1, round(config[name] * made / full)) for name in PHASES if name in config}
    if made < full and any(phase >= made for phase in phases.values()):
        raise InputError(f"retrain_epochs must leave an epoch for each of a run's two phases, got {made}")
    return {"epochs": made, **phases}


def recipe_beside(teacher: str) -> dict[str, Any]:
    """Read how a teacher was trained from the settings of its own run; empty where they are not beside it."""
    settings = Path(teacher).parent / "settings.json"
    found = json.loads(settings.read_text()) if settings.is_file() else {}
    return {key: found[key] for key in RECIPE if key in found}


def shuffled_labels(entries: Sequence[Mapping[str, Any]], seed: int) -> list[dict[str, Any]]:
    """Give each image the label of another one, so that the classes keep their sizes.

    Args:
        entries: of a data list.
        seed: of the permutation.
    """
    labels = [entry["label"] for entry in entries]
    random.Random(seed).shuffle(labels)
    return [{**entry, "label": label} for entry, label in zip(entries, labels, strict=True)]


def resemblance(maps: Tensor, others: Tensor) -> dict[str, list[float]]:
    """Compare the maps of the same images, see :func:`map_ssim` and :func:`rank_correlation`."""
    return {"ssim": map_ssim(maps, others).tolist(), "spearman": rank_correlation(maps, others).tolist()}
