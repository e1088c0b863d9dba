# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether the highest-scoring pixel lies in the lesion."""

from __future__ import annotations

import torch
from torch import Tensor

from .lesion_mask import lesion_beside
from .lesion_rows import LesionRowMetric
from .topk_selection import ranked_pixels

__all__ = ["HitRate", "hit"]


def hit(scores: Tensor, lesion: Tensor, seed: int = 0) -> Tensor:
    """The pointing game: 1 where the arg max of the scores is a pixel of the lesion, else 0.

    Zhang et al., *Top-down neural attention by excitation backprop*, 2016, without their tolerance of 15 pixels. The
    chance level is the lesion's share of the image.

    Args:
        scores: shape BCHW[D]; several channels are averaged.
        lesion: ground truth of shape B1HW[D]; a pixel above 0.5 belongs to the lesion.
        seed: seed of the permutation that breaks ties, see :func:`~monai_medtex.metrics.ranked_pixels`.

    Returns:
        0 or 1 for each image, shape B; NaN where the image has no lesion.

    Raises:
        InputError: when the shapes do not fit.
    """
    inside = lesion_beside(scores, lesion)
    hits = inside.gather(1, ranked_pixels(scores, 1, seed))[:, 0].float()
    return hits.where(inside.any(dim=1), torch.nan)


class HitRate(LesionRowMetric):
    """Mean of :func:`hit`, as ``hit_rate``; called with theta BCHW[D] and the lesion B1HW[D], or lists without batch.

    Args:
        seed: seed of the permutation that breaks ties, see :func:`~monai_medtex.metrics.ranked_pixels`.
    """

    names = ("hit_rate",)

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self.seed = seed

    def _compute_tensor(self, y_pred: Tensor, y: Tensor) -> Tensor:  # type: ignore[override]
        return hit(y_pred, y, self.seed).unsqueeze(1)
