# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0
"""How well the scores rank the lesion's pixels above the others, at all thresholds."""

from __future__ import annotations

import torch
from torch import Tensor

from .lesion_mask import lesion_beside
from .lesion_rows import LesionRowMetric
from .topk_selection import pixel_scores

__all__ = ["PixelRanking", "pixel_auprc", "pixel_auroc"]


def _ascending(scores: Tensor, lesion: Tensor) -> tuple[Tensor, Tensor]:
    """Scores in ascending order, NaN as the lowest, and whether each is of the lesion, both of shape (B, pixels)."""
    inside = lesion_beside(scores, lesion)
    flat = pixel_scores(scores).flatten(1)
    ordered, order = flat.where(~flat.isnan(), -torch.inf).sort(dim=1)
    return ordered, inside.gather(1, order)


def pixel_auprc(scores: Tensor, lesion: Tensor) -> Tensor:
    """Area under the precision-recall curve of the pixels, as average precision.

    The sum over the distinct scores, from the highest, of the gain in recall times the precision at that threshold,
    without interpolation, as scikit-learn's ``average_precision_score``. Equal scores share one threshold, so that
    ties need no breaking. The chance level is the lesion's share of the image (Arun et al., *Assessing the
    trustworthiness of saliency maps*, 2021).

    Args:
        scores: shape BCHW[D]; several channels are averaged; NaN ranks below every number.
        lesion: ground truth of shape B1HW[D]; a pixel above 0.5 belongs to the lesion.

    Returns:
        the average precision of each image, shape B; NaN where the image has no lesion.

    Raises:
        InputError: when the shapes do not fit.
    """
    ordered, inside = _ascending(scores, lesion)
    below = torch.searchsorted(ordered, ordered)
    lesion_from_here = inside.flip(1).cumsum(dim=1).flip(1).double()
    precision = lesion_from_here.gather(1, below) / (ordered.shape[1] - below)
    return ((precision * inside).sum(dim=1) / inside.sum(dim=1)).float()


def pixel_auroc(scores: Tensor, lesion: Tensor) -> Tensor:
    """Area under the receiver operating characteristic of the pixels.

    The probability that a random pixel of the lesion scores higher than a random other pixel, ties counted half: the
    Mann-Whitney statistic from mean ranks, as scikit-learn's ``roc_auc_score``. The chance level is 0.5.

    Args:
        scores: shape BCHW[D]; several channels are averaged; NaN ranks below every number.
        lesion: ground truth of shape B1HW[D]; a pixel above 0.5 belongs to the lesion.

    Returns:
        the area of each image, shape B; NaN where the image has no lesion or nothing else.

    Raises:
        InputError: when the shapes do not fit.
    """
    ordered, inside = _ascending(scores, lesion)
    doubled_ranks = torch.searchsorted(ordered, ordered) + torch.searchsorted(ordered, ordered, right=True) + 1
    area = inside.sum(dim=1).double()
    wins = (doubled_ranks * inside).sum(dim=1) / 2 - area * (area + 1) / 2
    return (wins / (area * (ordered.shape[1] - area))).float()


class PixelRanking(LesionRowMetric):
    """Means of :func:`pixel_auprc` and :func:`pixel_auroc`, named like them.

    Called with theta BCHW[D] and the lesion B1HW[D], or lists of both without the batch dimension.
    """

    names = ("pixel_auprc", "pixel_auroc")

    def _compute_tensor(self, y_pred: Tensor, y: Tensor) -> Tensor:  # type: ignore[override]
        return torch.stack([pixel_auprc(y_pred, y), pixel_auroc(y_pred, y)], dim=1)
