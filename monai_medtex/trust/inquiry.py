# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from monai.data import Dataset
from torch import Tensor

from monai_medtex.networks import load_checkpoint
from monai_medtex.utils import one_line, save_tensors

from .configuration import RunConfiguration
from .eval_x import answers_to_views, trained_eval_x
from .faithful import ask_the_teacher
from .map_probe import probe_maps
from .options import Options
from .parts import Parts
from .retraining import RETRAININGS, Retrainer, resemblance
from .similarity import random_pairs
from .subject import Subject

__all__ = ["Evidence", "Inquiry"]

logger = logging.getLogger("monai_medtex")

FIGURED = 4  # images whose maps are shown
MAPS = "maps.pt"
REAL = "real"


class Evidence(NamedTuple):
    """All that was found out, image by image.

    Attributes:
        answers: see :func:`answers_to_views`.
        probe: see :func:`probe_maps`.
        faithful: see :func:`ask_the_teacher`.
        pairs: resemblance of different images' maps.
        retrained: by retraining, the resemblance of its maps to the run's.
        maps: by retraining, and of the run as ``real``, the maps of the images that figures show, shape BCHW[D].
        skipped: by retraining, why it was not done.
        unlike: what else than the one thing is unlike the run in every retraining.
    """

    answers: list[dict[str, Any]]
    probe: dict[str, Any]
    faithful: dict[str, Any]
    pairs: dict[str, list[float]]
    retrained: dict[str, dict[str, list[float]]]
    maps: dict[str, Tensor]
    skipped: dict[str, str]
    unlike: Sequence[str] = ()


@dataclass
class Inquiry:
    """Finds out, part by part, what :class:`Evidence` holds.

    Attributes:
        subject: the run.
        configuration: of the run, for its retrainings.
        options: of the user.
        parts: what is there already.
        basis: what every part depends on.
        run_data: fingerprint of the images that the run was trained on.
    """

    subject: Subject
    configuration: RunConfiguration
    options: Options
    parts: Parts
    basis: Mapping[str, Any]
    run_data: str
    _found: dict[str, Any] = field(default_factory=dict)
    _retrained: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    _skipped: dict[str, str] = field(default_factory=dict)

    def judge(self) -> None:
        """Do what needs no retraining."""
        makers = {
            "eval_x": (self._eval_x, ("areas", "eval_x_epochs")),
            "probe": (self._probe, ("probe_epochs", "probe_repeats")),
            "faithful": (self._faithful, ("faithful_images",)),
        }
        for name, (make, depends) in makers.items():
            made_with = {**self.basis, **self.options.only(*depends), "config": self.configuration.config.get(name)}
            self._found[name] = self.parts.find(name, made_with, make)
        self._maps = self.subject.maps()
        reason = "not done yet" if self.options.retrain else "left out, since retrain is False"
        self._skipped = dict.fromkeys(RETRAININGS, reason)

    def retrain(self) -> None:
        """Distil again with one thing changed at a time; one that fails leaves its reason, and the others go on."""
        depends = self.options.only("retrain_epochs", "retrain_teacher_epochs")
        for name, retraining in RETRAININGS.items():
            if retraining.needs_labels and not self._labelled():
                self._skipped[name] = "left out, since not every training image has a label to fit a teacher to"
                continue
            logger.info("distilling again: %s", retraining.title)
            try:
                self._retrained[name] = self.parts.find(
                    name, {**self.basis, **depends}, partial(self._resemblance, name)
                )
                del self._skipped[name]
            except Exception as error:
                self._skipped[name] = f"failed: {one_line(error)}"
                logger.warning("%s: %s", retraining.title, self._skipped[name])

    def evidence(self) -> Evidence:
        """Return what has been found out so far."""
        pairs = random_pairs(len(self._maps), self.options.random_pairs)
        first, second = (torch.tensor([pair[side] for pair in pairs], dtype=torch.int64) for side in (0, 1))
        return Evidence(
            self._found["eval_x"]["rows"],
            self._found["probe"],
            self._found["faithful"],
            resemblance(self._maps[first], self._maps[second]),
            dict(self._retrained),
            {REAL: self._maps[self.figured], **self._figured_maps()},
            dict(self._skipped),
            self._retrainer.shortened() + ["other images or labels"] * (self.basis["data"] != self.run_data),
        )

    @property
    def figured(self) -> list[int]:
        """Positions of the test images whose maps are shown: those with a lesion first."""
        images = self.subject.images
        return sorted(range(len(images)), key=lambda position: not images[position].lesion.any())[:FIGURED]

    def _figured_maps(self) -> dict[str, Tensor]:
        files = {name: self.parts.folder / name / MAPS for name in self._retrained}
        return {name: load_checkpoint(file)["maps"] for name, file in files.items() if file.is_file()}

    def _eval_x(self, folder: Path) -> dict[str, Any]:
        eval_x = trained_eval_x(self.subject.content, folder)
        return {"rows": answers_to_views(self.subject, eval_x, self.options.areas)}

    def _probe(self, folder: Path) -> dict[str, Any]:  # noqa: ARG002
        content = self.subject.content.get_parsed_content
        training = Dataset(content("train#dataset").data, content("validate#preprocessing"))
        return probe_maps(self.subject, training, self.options.probe_repeats, self.options.probe_epochs)

    def _faithful(self, folder: Path) -> dict[str, Any]:  # noqa: ARG002
        return ask_the_teacher(self.subject, self.options.faithful_images)

    def _resemblance(self, name: str, folder: Path) -> dict[str, Any]:
        maps = self._retrainer.maps(RETRAININGS[name], self.subject, folder)
        save_tensors({"maps": maps[self.figured]}, folder / MAPS)
        return resemblance(self._maps, maps)

    @property
    def _retrainer(self) -> Retrainer:
        return Retrainer(self.configuration, self.options.retrain_epochs, self.options.retrain_teacher_epochs)

    def _labelled(self) -> bool:
        data = self.subject.content.get_parsed_content("data")
        return all(entry["label"] >= 0 for section in ("training", "validation") for entry in data[section])
