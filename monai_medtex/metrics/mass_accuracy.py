# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0
"""How much of the map's mass lies in the lesion."""

from __future__ import annotations

import torch
from torch import Tensor

from .lesion_mask import lesion_beside
from .lesion_rows import LesionRowMetric
from .topk_selection import pixel_scores

__all__ = ["MassAccuracy", "mass_accuracy", "mass_lift"]


def _unit_range(flat: Tensor) -> Tensor:
    """Each row from its minimum to its maximum on [0, 1]; a constant row becomes 1 everywhere."""
    low, high = flat.aminmax(dim=1, keepdim=True)
    return torch.where(low == high, 1.0, (flat - low) / (high - low))


def mass_accuracy(scores: Tensor, lesion: Tensor) -> Tensor:
    """Share of the scores' sum that lies in the lesion, after a min-max normalisation of each image's map to [0, 1].

    Relevance mass accuracy (Arras et al., *CLEVR-XAI*, 2022), also known as the energy-based pointing game (Wang et
    al., *Score-CAM*, 2020). The normalisation makes signed maps and maps of any scale comparable: the lowest score of
    an image has no mass. A constant map has no lowest and no highest score; it counts as uniform, which gives the
    lesion's share of the image, the chance level. Left out as undefined, an image on which a method finds nothing
    would raise that method's mean.

    Args:
        scores: finite, shape BCHW[D]; several channels are averaged.
        lesion: ground truth of shape B1HW[D]; a pixel above 0.5 belongs to the lesion.

    Returns:
        a share of each image, shape B; NaN where the image has no lesion or the scores are not finite.

    Raises:
        InputError: when the shapes do not fit.
    """
    inside = lesion_beside(scores, lesion)
    mass = _unit_range(pixel_scores(scores).flatten(1).double())
    share = (mass * inside).sum(dim=1) / mass.sum(dim=1)
    return share.where(inside.any(dim=1), torch.nan).float()


def mass_lift(scores: Tensor, lesion: Tensor) -> Tensor:
    """:func:`mass_accuracy` over its chance level, the lesion's share of the image: 1 for a uniform map.

    Args:
        scores: finite, shape BCHW[D]; several channels are averaged.
        lesion: ground truth of shape B1HW[D]; a pixel above 0.5 belongs to the lesion.

    Returns:
        the lift of each image, shape B; NaN where :func:`mass_accuracy` is.

    Raises:
        InputError: when the shapes do not fit.
    """
    return mass_accuracy(scores, lesion) / lesion_beside(scores, lesion).float().mean(dim=1)


class MassAccuracy(LesionRowMetric):
    """Means of :func:`mass_accuracy` and :func:`mass_lift`, named like them.

    Called with theta BCHW[D] and the lesion B1HW[D], or lists of both without the batch dimension.
    """

    names = ("mass_accuracy", "mass_lift")

    def _compute_tensor(self, y_pred: Tensor, y: Tensor) -> Tensor:  # type: ignore[override]
        return torch.stack([mass_accuracy(y_pred, y), mass_lift(y_pred, y)], dim=1)
