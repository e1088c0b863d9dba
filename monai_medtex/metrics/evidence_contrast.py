# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether theta's highest scores stand out from the rest, or are the noise of a flat map."""

from __future__ import annotations

from torch import Tensor

from .topk_selection import pixel_scores, topk_mask

__all__ = ["evidence_contrast", "stands_out"]

STANDARD_DEVIATIONS = 3.0
THETA = 0.1


def evidence_contrast(theta: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Compare the K highest-scoring pixels with the others.

    Args:
        theta: scores of shape BCHW[D].
        k: number of pixels, fewer than there are.

    Returns:
        how far the mean of the K highest lies above the mean of the rest, and the standard deviation of the rest;
        shape B each.
    """
    scores = pixel_scores(theta)
    top = topk_mask(scores, k).flatten(1)
    scores = scores.flatten(1)
    rest = scores[~top].view(len(scores), -1)
    return scores[top].view(len(scores), -1).mean(dim=1) - rest.mean(dim=1), rest.std(dim=1, correction=0)


def stands_out(theta: Tensor, k: int) -> Tensor:
    """Whether the K highest-scoring pixels lie above the noise of theta.

    Every map has K highest pixels. Those of normally distributed noise lie 2.7 (K = 1/64 of the pixels) to 2.3 (6/64)
    standard deviations of the rest above its mean; evidence must lie more than 3 above, and more than 0.1 on theta's
    own scale from 0 to 1.

    Args:
        theta: scores of shape BCHW[D], in [0, 1].
        k: number of pixels, at most a tenth of them to be told from noise.

    Returns:
        Boolean, shape B.
    """
    contrast, spread = evidence_contrast(theta, k)
    return (contrast > THETA) & (contrast > STANDARD_DEVIATIONS * spread)
