# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from .agreement import ClassAgreement, accuracy, cohen_kappa, confusion_matrix, f1_score
from .answers import answer_text, label_text, log_probabilities, probabilities
from .bootstrap import FEWEST_GROUPS, bootstrap_means, paired_p_value, percentile_interval
from .calibration_error import calibration_error, expected_calibration_error
from .class_probability import class_probability, predicted_class
from .evidence_contrast import evident_topk, map_background
from .hit_rate import HitRate, hit
from .image_rows import ImageRowMetric
from .imputation import noisy_linear_imputation
from .label_agreement import LabelAgreement
from .lesion_mask import OUTSIDE, image_pixels, lesion_beside, lesion_pixels
from .lesion_rows import LesionRowMetric
from .mass_accuracy import MassAccuracy, mass_accuracy, mass_lift
from .perturbation import blur_baseline, curve_area, deletion_curve, insertion_curve, mean_baseline
from .pixel_ranking import PixelRanking, pixel_auprc, pixel_auroc
from .predictive_kl import PredictiveKL, predictive_kl
from .road import ROAD_SHARES, road_curves, road_score
from .theta_statistics import ThetaStatistics, theta_statistics
from .topk_iou import PAPER_KS, TopKIoU, ceiling_iou, chance_iou, paper_topk_iou, topk_iou
from .topk_selection import pixel_scores, ranked_pixels, top_share_mask, topk_mask, topk_pixels

__all__ = [
    "FEWEST_GROUPS",
    "OUTSIDE",
    "PAPER_KS",
    "ROAD_SHARES",
    "ClassAgreement",
    "HitRate",
    "ImageRowMetric",
    "LabelAgreement",
    "LesionRowMetric",
    "MassAccuracy",
    "PixelRanking",
    "PredictiveKL",
    "ThetaStatistics",
    "TopKIoU",
    "accuracy",
    "answer_text",
    "blur_baseline",
    "bootstrap_means",
    "calibration_error",
    "ceiling_iou",
    "chance_iou",
    "class_probability",
    "cohen_kappa",
    "confusion_matrix",
    "curve_area",
    "deletion_curve",
    "evident_topk",
    "expected_calibration_error",
    "f1_score",
    "hit",
    "image_pixels",
    "insertion_curve",
    "label_text",
    "lesion_beside",
    "lesion_pixels",
    "log_probabilities",
    "map_background",
    "mass_accuracy",
    "mass_lift",
    "mean_baseline",
    "noisy_linear_imputation",
    "paired_p_value",
    "paper_topk_iou",
    "percentile_interval",
    "pixel_auprc",
    "pixel_auroc",
    "pixel_scores",
    "predicted_class",
    "predictive_kl",
    "probabilities",
    "ranked_pixels",
    "road_curves",
    "road_score",
    "theta_statistics",
    "topk_iou",
    "top_share_mask",
    "topk_mask",
    "topk_pixels",
]
