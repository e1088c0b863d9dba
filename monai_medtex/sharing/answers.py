# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""What teacher, student and labels say of each image, as the table of an evaluation has it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

__all__ = ["Answers", "answers_of", "numbers_of"]

Rows = Sequence[Mapping[str, str]]


class Answers(NamedTuple):
    """Numbers of classes, shape (images, questions), NaN where unknown.

    Attributes:
        student: the student's answers.
        teacher: the teacher's.
        label: the right ones.
        names: of the questions, where there are several: labels that hold (1) or not (0), each for itself.
        choices: number of answers to a question.
    """

    student: Tensor
    teacher: Tensor
    label: Tensor
    names: Sequence[str]
    choices: int


def answers_of(rows: Rows, settings: Mapping[str, Any]) -> Answers:
    """Read the answers of all images.

    Args:
        rows: of ``per_image.csv``.
        settings: of the run.
    """
    classes = settings["class_names"]
    several = settings.get("activation") == "sigmoid"
    student, teacher = (_said(rows, network, classes, several) for network in ("student", "teacher"))
    label = _labels(rows, len(classes)) if several else numbers_of(rows, "label")[:, None]
    return Answers(student, teacher, label, classes if several else (), 2 if several else len(classes))


def numbers_of(rows: Rows, column: str) -> Tensor:
    """Return a column, shape (images,), in double precision, NaN where a cell is empty or there is no such column."""
    return torch.tensor([float(row.get(column) or math.nan) for row in rows], dtype=torch.float64)


def _said(rows: Rows, network: str, classes: Sequence[str], several: bool) -> Tensor:
    table = torch.stack([numbers_of(rows, f"{network}_{name}") for name in classes], dim=1)
    if several:
        return (table > 0.5).double().where(~table.isnan(), torch.nan)
    known = ~table.isnan().any(dim=1, keepdim=True)
    return table.nan_to_num(-1).argmax(dim=1, keepdim=True).double().where(known, torch.nan)


def _labels(rows: Rows, count: int) -> Tensor:
    cells = [row.get("label") or " ".join(["-1"] * count) for row in rows]
    table = torch.tensor([[float(value) for value in cell.split()] for cell in cells], dtype=torch.float64)
    return table.where(table >= 0, torch.nan)
