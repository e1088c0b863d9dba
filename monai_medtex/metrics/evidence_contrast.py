# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether theta's highest scores stand out from the rest, or are the noise of a flat map."""

from __future__ import annotations

from torch import Tensor

from .topk_selection import pixel_scores, topk_mask

__all__ = ["evident_topk", "map_background"]

STANDARD_DEVIATIONS = 3.0
THETA, PEAK = 0.1, 0.5
NORMAL = 1.4826  # standard deviations of a normal distribution in its median absolute deviation


def map_background(theta: Tensor, top: Tensor) -> tuple[Tensor, Tensor]:
    """Level and noise of a map apart from its K highest-scoring pixels.

    Both are medians, so that neither the rest of a lesion larger than K pixels nor the dark around a round image, if
    less than half of the pixels, passes for noise.

    Args:
        theta: scores of shape BCHW[D].
        top: marks the K pixels of each image, fewer than there are; Boolean, shape B1HW[D].

    Returns:
        the median of the other pixels, and the standard deviation that a normal distribution of their median absolute
        deviation has; shape B each.
    """
    scores, rest = pixel_scores(theta).flatten(1), ~top.flatten(1)
    others = scores[rest].view(len(scores), -1)
    level = others.median(dim=1).values
    return level, NORMAL * (others - level[:, None]).abs().median(dim=1).values


def evident_topk(theta: Tensor, k: int) -> Tensor:
    """Mark those of the K highest-scoring pixels that stand out, and none where the map does not rise above its noise.

    Every map has K highest pixels. Those of normally distributed noise lie 2.6 (K = 1/64 of the pixels) to 2.1 (6/64)
    of its standard deviations above the median of the rest; the mean of the K must lie more than 3 above it, and, on
    theta's own scale from 0 to 1, more than 0.1, or their highest more than 0.5, since a small lesion hardly moves the
    mean. Of the K only the pixels are marked that lie more than 0.1 above the median themselves.

    Args:
        theta: scores of shape BCHW[D], in [0, 1].
        k: number of pixels, at most a tenth of them to be told from noise.

    Returns:
        a Boolean mask of shape B1HW[D], empty for an image without evidence.
    """
    top = topk_mask(theta, k)
    level, spread = (figure.view(-1, *[1] * (top.ndim - 1)) for figure in map_background(theta, top))
    above = pixel_scores(theta) - level
    mean = (above * top).flatten(1).sum(dim=1).view_as(level) / k
    highest = above.flatten(1).amax(dim=1).view_as(level)
    evident = (mean > STANDARD_DEVIATIONS * spread) & ((mean > THETA) | (highest > PEAK))
    return top & (above > THETA) & evident
