# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import csv
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monai_medtex.data import division_of, fingerprint, open_dataset
from monai_medtex.utils import InputError, edge_lengths, given_path, read_settings

__all__ = ["FinishedRun", "open_run"]

PAIR, TEACHER = "theta_channels", "teacher_epochs"  # settings that tell what a run made


@dataclass(frozen=True)
class FinishedRun:
    """What a run left.

    Attributes:
        folder: of the run.
        settings: it was started with.
        summary: of its evaluation; empty where there is none.
        rows: of the evaluation's ``per_image.csv``; empty where there is none.
        entries: of its data list, of all sections; empty for synthetic images.
    """

    folder: Path
    settings: dict[str, Any]
    summary: dict[str, Any]
    rows: list[dict[str, str]]
    entries: list[dict[str, Any]]

    @property
    def model(self) -> Path:
        """The weights of what the run made."""
        return self.folder / "model.pt"

    @property
    def is_teacher(self) -> bool:
        """Whether the run trained a teacher, and not student and explainer."""
        return PAIR not in self.settings

    @property
    def window(self) -> list[int] | None:
        """Voxels of the windows that its networks see volumes through; None for 2-D images."""
        size = self.settings.get("patch_size")
        return None if size is None else edge_lengths(1, patch_size=size)


def open_run(
    run_dir: str | os.PathLike | None,
    dataset_dir: str | os.PathLike | None = None,
    evaluation_dir: str | os.PathLike | None = None,
) -> FinishedRun:
    """Read what a finished run left.

    Args:
        run_dir: of the run.
        dataset_dir: where its images are now; None for where they were.
        evaluation_dir: the evaluation to read; None for the run's own.

    Raises:
        InputError: When the run is of another kind or not over, or its images are not found.
    """
    settings = read_settings(run_dir)
    if not {PAIR, TEACHER} & settings.keys():
        raise InputError(f"run_dir: {run_dir} is a run of another kind (its settings lack {PAIR} and {TEACHER})")
    folder = Path(str(run_dir)).expanduser().absolute()
    for name in ("model.pt", "finished"):
        if not (folder / name).is_file():
            raise InputError(f"run_dir: {run_dir} has no file {name}; is the run over?")
    evaluation = given_path(evaluation_dir=evaluation_dir) if evaluation_dir else folder / "evaluation"
    if evaluation_dir and not (evaluation / "summary.json").is_file():
        raise InputError(f"evaluation_dir: {evaluation_dir} is no folder of an evaluation (it has no summary.json)")
    return FinishedRun(
        folder,
        settings,
        _summary(evaluation / "summary.json"),
        _rows(evaluation / "per_image.csv"),
        _entries(settings, dataset_dir),
    )


def _summary(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text()) if path.is_file() else {}


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _entries(settings: Mapping[str, Any], dataset_dir: str | os.PathLike | None) -> list[dict[str, Any]]:
    """List the run's images, and be sure that they are the run's: what is not known can't be kept back."""
    source = dataset_dir or settings["dataset_dir"]
    if not source:
        return []
    try:
        datalist = open_dataset(source, **division_of(settings))
        same = settings.get("data") in (None, fingerprint(datalist))
    except InputError as error:
        raise InputError(
            f"dataset_dir: the names of the run's images are needed to keep them back, but {error}; "
            "name the folder where they are now with --dataset_dir"
        ) from error
    if not same:
        raise InputError(f"dataset_dir: {source} holds other images than the run's; name theirs with --dataset_dir")
    return [entry for entries in datalist.values() for entry in entries]
