# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""What a task leaves in its folder: ``per_image.csv``, ``maps.pt`` and, last, ``result.json``; or ``failure.txt``."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from monai_medtex.reporting import write_csv
from monai_medtex.utils import atomic_write, save_tensors

__all__ = ["is_done", "read_maps", "read_result", "read_rows", "write_failure", "write_record"]

ROWS, MAPS, RESULT, FAILURE = "per_image.csv", "maps.pt", "result.json", "failure.txt"


def is_done(folder: Path) -> bool:
    """Whether a task has been recorded as a whole."""
    return (folder / RESULT).is_file()


def write_record(
    folder: Path, rows: Sequence[Mapping[str, Any]], maps: Mapping[str, torch.Tensor], result: Mapping[str, Any]
) -> None:
    """Record a finished task.

    Args:
        folder: of the task.
        rows: one per image; a missing or unknown value becomes an empty cell.
        maps: scores by image, shape 1WH each; those that figures may show.
        result: figures of the task as a whole.
    """
    write_csv(folder / ROWS, rows)
    if maps:
        save_tensors(dict(maps), folder / MAPS)
    with atomic_write(folder / RESULT) as temporary:
        temporary.write_text(json.dumps(dict(result), indent=2) + "\n")
    (folder / FAILURE).unlink(missing_ok=True)


def write_failure(folder: Path, trace: str) -> None:
    """Keep the traceback of a task that failed."""
    with atomic_write(folder / FAILURE) as temporary:
        temporary.write_text(trace)


def read_rows(folder: Path) -> list[dict[str, str]]:
    """Read a task's rows."""
    with open(folder / ROWS, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def read_maps(folder: Path) -> dict[str, torch.Tensor]:
    """Read a task's maps, shape 1WH each; none where it has none."""
    if not (folder / MAPS).is_file():
        return {}
    return torch.load(folder / MAPS, weights_only=True)


def read_result(folder: Path) -> dict[str, Any]:
    """Read the figures of a task as a whole."""
    return json.loads((folder / RESULT).read_text())
