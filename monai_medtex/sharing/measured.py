# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""The figures of an evaluation, with confidence intervals where there are figures of each image."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from monai_medtex.metrics import bootstrap_means, percentile_interval

from .answers import Answers, answers_of, numbers_of
from .finished_run import FinishedRun

__all__ = ["Figures", "measured"]

Figures = dict[str, dict[str, float]]

MEANS = ("predictive_kl", "theta_mean")


def measured(run: FinishedRun) -> Figures:
    """Collect what the run's evaluation measured.

    Intervals are at 95 %, by the bootstrap over patients where the data list knows them, else over images.

    Args:
        run: with its evaluation.

    Returns:
        by name ``value`` and, where each image's figure is known, ``value_low``, ``value_high`` and ``images``, the
        number of images that it is the mean of; figures that are not known are left out. Where labels hold or not, each
        for itself, accuracy and F1 are means over the labels, and each label has its own beside them. Of a teacher's
        run ``label_accuracy`` and ``label_f1`` are the teacher's.
    """
    figures: Figures = {name: {"value": float(value)} for name, value in run.summary.get("metrics", {}).items()}
    if run.rows:
        groups = _groups(run.rows, run.entries)
        figures |= _of_answers(answers_of(run.rows, run.settings), groups)
        figures |= _of_columns(_columns(run.rows), groups)
    known = {name: figure for name, figure in figures.items() if not math.isnan(figure["value"])}
    return {name.removeprefix("teacher_"): figure for name, figure in known.items()} if run.is_teacher else known


def _groups(rows: Sequence[Mapping[str, str]], entries: Sequence[Mapping[str, Any]]) -> list[Hashable]:
    patients = {str(entry["image"]): entry.get("patient") for entry in entries}
    return [("patient", patients[image]) if patients.get(image := row["image"]) else image for row in rows]


def _columns(rows: Sequence[Mapping[str, str]]) -> dict[str, Tensor]:
    overlaps = {name: numbers_of(rows, name) for name in rows[0] if name.startswith("iou_top")}
    columns = {**{name: numbers_of(rows, name) for name in MEANS}, **overlaps}
    return columns | ({"iou_mean": torch.stack(list(overlaps.values())).mean(dim=0)} if overlaps else {})


def _of_columns(columns: Mapping[str, Tensor], groups: Sequence[Hashable]) -> Figures:
    table = torch.stack(list(columns.values()), dim=1)
    draws = bootstrap_means(table, groups)
    return {
        name: _figure(table[:, index].nanmean(), draws[:, index], ~table[:, index].isnan())
        for index, name in enumerate(columns)
    }


def _of_answers(answers: Answers, groups: Sequence[Hashable]) -> Figures:
    pairs = {
        "agreement": (answers.student, answers.teacher),
        "label": (answers.student, answers.label),
        "teacher_label": (answers.teacher, answers.label),
    }
    figures: Figures = {}
    for prefix, (said, truth) in pairs.items():
        known = ~(said.isnan() | truth.isnan())
        right = (said == truth).double().where(known, torch.nan)
        means, draws = right.nanmean(dim=0, keepdim=True), bootstrap_means(right, groups)
        figures |= _named(f"{prefix}_accuracy", means, draws, known, answers.names)
        tables = [_hits(*pair, answers.choices) for pair in zip(said.T, truth.T, strict=True)]
        means = torch.stack([_f1(table.nanmean(dim=0, keepdim=True)) for table in tables], dim=1)
        draws = torch.stack([_f1(bootstrap_means(table, groups)) for table in tables], dim=1)
        figures |= _named(f"{prefix}_f1", means, draws, known, answers.names)
    return figures


def _named(name: str, means: Tensor, draws: Tensor, known: Tensor, labels: Sequence[str]) -> Figures:
    """Figures of each label, and their mean; of one question, its figure."""
    figures = {name: _figure(means.nanmean(), draws.nanmean(dim=1), known.any(dim=1))}
    for index, label in enumerate(labels):
        figures[f"{name}_{label}"] = _figure(means[0, index], draws[:, index], known[:, index])
    return figures


def _hits(said: Tensor, truth: Tensor, choices: int) -> Tensor:
    """Of each image and class, twice whether both say it, then how many of them do; NaN where one is unknown."""
    numbers = torch.arange(choices, dtype=torch.float64)
    ours, theirs = said[:, None] == numbers, truth[:, None] == numbers
    table = torch.cat([2 * (ours & theirs).double(), ours.double() + theirs.double()], dim=1)
    return table.where(~(said.isnan() | truth.isnan())[:, None], torch.nan)


def _f1(means: Tensor) -> Tensor:
    """F1 of the second of two classes, else the mean over classes: ratios of means, which were drawn together."""
    hits, sizes = means.chunk(2, dim=1)
    per_class = hits / sizes
    return per_class[:, 1] if per_class.shape[1] == 2 else per_class.nanmean(dim=1)


def _figure(value: Tensor, draws: Tensor, known: Tensor) -> dict[str, float]:
    low, high = percentile_interval(draws)
    return {"value": value.item(), "value_low": low.item(), "value_high": high.item(), "images": int(known.sum())}
