# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether theta's highest scores stand out from the rest, or are the noise of a flat map."""

from __future__ import annotations

from torch import Tensor

from .topk_selection import pixel_scores, topk_mask

__all__ = ["evidence_contrast", "evident_topk"]

STANDARD_DEVIATIONS = 3.0
THETA = 0.1


def evidence_contrast(theta: Tensor, top: Tensor) -> tuple[Tensor, Tensor]:
    """Compare the K highest-scoring pixels with the others.

    Args:
        theta: scores of shape BCHW[D].
        top: marks the K pixels of each image, fewer than there are; Boolean, shape B1HW[D].

    Returns:
        how far the mean of the K highest lies above the mean of the rest, and the standard deviation of the rest;
        shape B each.
    """
    scores, top = pixel_scores(theta).flatten(1), top.flatten(1)
    highest, rest = (scores[chosen].view(len(scores), -1) for chosen in (top, ~top))
    return highest.mean(dim=1) - rest.mean(dim=1), rest.std(dim=1, correction=0)


def evident_topk(theta: Tensor, k: int) -> Tensor:
    """Mark the K highest-scoring pixels as :func:`topk_mask` does, but none where theta does not rise above its noise.

    Every map has K highest pixels. Those of normally distributed noise lie 2.7 (K = 1/64 of the pixels) to 2.3 (6/64)
    standard deviations of the rest above its mean; evidence must lie more than 3 above, and more than 0.1 on theta's
    own scale from 0 to 1.

    Args:
        theta: scores of shape BCHW[D], in [0, 1].
        k: number of pixels, at most a tenth of them to be told from noise.

    Returns:
        a Boolean mask of shape B1HW[D], empty for an image without evidence.
    """
    top = topk_mask(theta, k)
    contrast, spread = evidence_contrast(theta, top)
    evident = (contrast > THETA) & (contrast > STANDARD_DEVIATIONS * spread)
    return top & evident.view(-1, *[1] * (top.ndim - 1))
