# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import torch
from monai.utils import CommonKeys

from monai_medtex.metrics import PAPER_KS, predictive_kl, probabilities, theta_statistics, topk_iou
from monai_medtex.metrics.theta_statistics import STATISTICS

from .answer_table import AnswerTable

__all__ = ["ImageTable"]

THETA_COLUMNS = tuple(f"theta_{name}" for name in STATISTICS)


class ImageTable(AnswerTable):
    """Write one row per image: label, both networks' probabilities, KL divergence, theta's statistics, IoU at top K.

    What is not known, such as an absent label or the IoU of an image without a lesion mask, is an empty cell.

    Args:
        path: of the CSV.
        class_names: names of the classes in the columns' names.
        ks: of the IoU at top K.
        activation: ``"softmax"`` for one class of several, ``"sigmoid"`` for labels that hold or not, each for itself.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        class_names: Sequence[str],
        ks: Sequence[int] = PAPER_KS,
        activation: str = "softmax",
    ) -> None:
        super().__init__(path, class_names, activation)
        self.ks = tuple(ks)
        self.columns += [
            *(f"student_{name}" for name in class_names),
            "predictive_kl",
            *THETA_COLUMNS,
            *(f"iou_top{k}" for k in self.ks),
        ]

    def figures(self, output: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Give what follows the label, NaN where it is not known, shape (images, columns)."""
        student, teacher, theta = output[CommonKeys.PRED], output["teacher_pred"], output["theta"]
        return torch.cat(
            [
                probabilities(teacher, self.activation),
                probabilities(student, self.activation),
                predictive_kl(student, teacher, self.activation)[:, None],
                theta_statistics(theta, output["lesion"]),
                topk_iou(theta, output["lesion"], self.ks),
            ],
            dim=1,
        )
