# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch

from monai_medtex.metrics import accuracy, calibration_error, cohen_kappa, confusion_matrix, f1_score

from .comparison_rows import Failed, Row, failure, fractions, mean_and_std, seeds

__all__ = ["PAPER_SOURCE", "PAPER_TABLE_1", "agreement_table"]

PAPER_SOURCE = "Nguyen-Duc, Zhao, Cai and Phung, MED-TEX, ISBI 2022, Table 1"

# (method, fraction of the training images): accuracy and F1 against the teacher
PAPER_TABLE_1 = {
    ("ResNet18+KD", 0.25): (0.863, 0.901),
    ("ResNet18+VID", 0.25): (0.891, 0.911),
    ("Student (only)", 0.25): (0.863, 0.856),
    ("MED-EX", 0.25): (0.908, 0.925),
    ("MED-TEX", 0.25): (0.915, 0.933),
    ("ResNet18+KD", 0.5): (0.931, 0.945),
    ("ResNet18+VID", 0.5): (0.921, 0.937),
    ("Student (only)", 0.5): (0.90, 0.897),
    ("MED-EX", 0.5): (0.938, 0.950),
    ("MED-TEX", 0.5): (0.955, 0.964),
}


def agreement_table(
    rows: Sequence[Row], methods: Sequence[str], failed: Failed, parameters: Mapping[str, int], num_classes: int = 2
) -> list[Row]:
    """Compare the students with the teacher and with the labels, as the paper's Table 1 does and beyond.

    Args:
        rows: as :func:`~monai_medtex.reporting.comparison_rows.parse_rows` gives them.
        methods: display names in order; one without a student, such as a CAM, gets no row.
        failed: reasons by (method, fraction, seed).
        parameters: method to its number of deployed parameters, as far as known.
        num_classes: 2 gives the F1 of class 1, more the macro F1.

    Returns:
        per fraction and method the means over the seeds and, with the ending ``_std``, standard deviations (n - 1) of
        ``agreement_accuracy``, ``agreement_f1``, ``agreement_kappa``, ``predictive_kl`` (nats), ``label_accuracy``,
        ``label_ece`` and ``teacher_accuracy`` (against the labels); then ``seeds``, ``images`` and ``labelled``
        (numbers of them; the last of images with a label), ``parameters``, ``paper_accuracy`` and ``paper_f1``. What is
        not known is NaN. A method of which no seed ended has ``failed`` instead.
    """
    students = [row for row in rows if not math.isnan(row.get("student_class", math.nan))]
    shares = sorted({*fractions(students), *(share for _, share, _ in failed if share is not None)})
    table = []
    for fraction in shares:
        for method in methods:
            own = [row for row in students if (row["method"], row["fraction"]) == (method, fraction)]
            reason = failure({key: why for key, why in failed.items() if key[1] is not None}, method, fraction)
            if own:
                figures = _over_seeds(own, num_classes) | {"parameters": parameters.get(method, math.nan)}
                table.append({"fraction": fraction, "method": method} | figures | _paper(method, fraction))
            elif reason:
                table.append({"fraction": fraction, "method": method, "failed": reason})
    return table


def _over_seeds(rows: Sequence[Row], num_classes: int) -> Row:
    runs = [[row for row in rows if row["seed"] == seed] for seed in seeds(rows)]
    figures = [_one_seed(run, num_classes) for run in runs]
    labelled = [row for row in rows if not math.isnan(row.get("label", math.nan))]
    images, with_label = (len({row["image"] for row in some}) for some in (rows, labelled))
    table: Row = {"seeds": len(runs), "images": images, "labelled": with_label}
    for name in figures[0]:
        table[name], table[f"{name}_std"] = mean_and_std([figure[name] for figure in figures])
    return table


def _one_seed(rows: Sequence[Row], num_classes: int) -> dict[str, float]:
    student, teacher, label = (_classes(rows, name) for name in ("student_class", "teacher_class", "label"))
    against_teacher = confusion_matrix(student, teacher, num_classes)
    divergence, _ = mean_and_std([row.get("predictive_kl", math.nan) for row in rows])
    return {
        "agreement_accuracy": accuracy(against_teacher).item(),
        "agreement_f1": f1_score(against_teacher).item(),
        "agreement_kappa": cohen_kappa(against_teacher).item(),
        "predictive_kl": divergence,
        "label_accuracy": accuracy(confusion_matrix(student, label, num_classes)).item(),
        "label_ece": _calibration(rows, student, label),
        "teacher_accuracy": accuracy(confusion_matrix(teacher, label, num_classes)).item(),
    }


def _numbers(rows: Sequence[Row], column: str) -> torch.Tensor:
    return torch.tensor([row.get(column, math.nan) for row in rows], dtype=torch.float64)


def _classes(rows: Sequence[Row], column: str) -> torch.Tensor:
    return _numbers(rows, column).nan_to_num(-1).long()


def _calibration(rows: Sequence[Row], student: torch.Tensor, label: torch.Tensor) -> float:
    confidence = _numbers(rows, "student_confidence")
    known = (label >= 0) & ~confidence.isnan()
    return calibration_error(confidence[known], (student == label)[known]).item()


def _paper(method: str, fraction: float) -> Row:
    figures = PAPER_TABLE_1.get((method, fraction), (math.nan, math.nan))
    return dict(zip(("paper_accuracy", "paper_f1"), figures, strict=True))
