# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""How much two maps of one size resemble each other."""

from __future__ import annotations

from itertools import combinations
from random import Random

import torch
from monai.metrics.regression import compute_ssim_and_cs
from torch import Tensor

from monai_medtex.metrics import pixel_scores

__all__ = ["map_ssim", "random_pairs", "rank_correlation"]

WINDOW, SIGMA = 11, 1.5  # of SSIM, in pixels (Wang et al., 2004)


def _spread(maps: Tensor) -> Tensor:
    """One score per pixel, each map from 0 to 1; a flat map becomes 0."""
    scores = pixel_scores(maps)
    axes = tuple(range(1, scores.ndim))
    low, high = scores.amin(axes, keepdim=True), scores.amax(axes, keepdim=True)
    return torch.where(high > low, (scores - low) / (high - low), 0.0)


def map_ssim(maps: Tensor, others: Tensor) -> Tensor:
    """Structural similarity of maps, each first brought to the range from 0 to 1 (Arun et al., 2021).

    Args:
        maps: shape BCHW[D], at least 11 pixels along each axis; several channels are averaged.
        others: the same.

    Returns:
        the mean over the map of MONAI's SSIM, shape B; at most 1.
    """
    dims = maps.ndim - 2
    ssim, _ = compute_ssim_and_cs(_spread(maps), _spread(others), dims, [WINDOW] * dims, [SIGMA] * dims)
    return ssim.flatten(1).mean(dim=1)


def _ranks(values: Tensor) -> Tensor:
    """Twice the rank of each value in its row, equal values at their mean rank."""
    ordered = values.sort(dim=1).values
    below = torch.searchsorted(ordered, values.contiguous())
    return (below + torch.searchsorted(ordered, values.contiguous(), right=True)).double()


def rank_correlation(maps: Tensor, others: Tensor) -> Tensor:
    """Spearman's rank correlation of the pixels' scores.

    Args:
        maps: shape BCHW[D]; several channels are averaged.
        others: the same.

    Returns:
        the correlation of each map with the other, shape B; NaN where one of the two is flat.
    """
    pair = [_ranks(pixel_scores(scores).flatten(1)) for scores in (maps, others)]
    left, right = (ranks - ranks.mean(dim=1, keepdim=True) for ranks in pair)
    return ((left * right).sum(dim=1) / (left.square().sum(dim=1) * right.square().sum(dim=1)).sqrt()).float()


def random_pairs(images: int, count: int, seed: int = 0) -> list[tuple[int, int]]:
    """Draw pairs of different images.

    Args:
        images: how many there are.
        count: how many pairs to draw; all there are where these are fewer.
        seed: of the draw.

    Returns:
        positions of the images of each pair, no pair twice.
    """
    pairs = list(combinations(range(images), 2))
    return Random(seed).sample(pairs, min(count, len(pairs)))
