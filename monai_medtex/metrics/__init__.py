# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from .agreement import ClassAgreement, accuracy, confusion_matrix, f1_score
from .image_rows import ImageRowMetric
from .predictive_kl import PredictiveKL, predictive_kl
from .theta_statistics import ThetaStatistics, theta_statistics
from .topk_iou import PAPER_KS, TopKIoU, ceiling_iou, chance_iou, paper_topk_iou, topk_iou
from .topk_selection import pixel_scores, ranked_pixels, topk_mask, topk_pixels

__all__ = [
    "PAPER_KS",
    "ClassAgreement",
    "ImageRowMetric",
    "PredictiveKL",
    "ThetaStatistics",
    "TopKIoU",
    "accuracy",
    "ceiling_iou",
    "chance_iou",
    "confusion_matrix",
    "f1_score",
    "paper_topk_iou",
    "pixel_scores",
    "predictive_kl",
    "ranked_pixels",
    "theta_statistics",
    "topk_iou",
    "topk_mask",
    "topk_pixels",
]
