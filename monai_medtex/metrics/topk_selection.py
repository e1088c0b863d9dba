# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0
"""Which pixels are the K highest-scoring ones."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod

import torch
from monai.utils import convert_to_tensor
from torch import Tensor

from ..utils import InputError

__all__ = ["pixel_scores", "ranked_pixels", "top_share_mask", "topk_mask", "topk_pixels"]

STEPS = 256 * 256 // (32 * 32)  # steps of K that fill the image: the paper's step is 32 x 32 pixels of 256 x 256


def topk_pixels(spatial_shape: Sequence[int], k: int) -> int:
    """Number of pixels K that the paper's k stands for: ``k * 32 * 32`` at 256 x 256, the same share of any image.

    Args:
        spatial_shape: spatial size in pixels or voxels, 2-D or 3-D.
        k: step of the paper's figures, 1 to 6 there; 64 is the whole image.

    Returns:
        ``k / 64`` of the pixels, rounded, at least 1.

    Raises:
        InputError: when ``k`` is not in 1..64.
    """
    if not 1 <= k <= STEPS:
        raise InputError(f"k must be in 1..{STEPS} but is {k}")
    return max(1, round(k * prod(spatial_shape) / STEPS))


def pixel_scores(theta: Tensor) -> Tensor:
    """One score per pixel: the mean over the channels, in at least single precision and without gradient.

    Args:
        theta: scores of shape BCHW[D].

    Returns:
        scores of shape B1HW[D].

    Raises:
        InputError: when ``theta`` has another number of dimensions.
    """
    if theta.ndim not in (4, 5):
        raise InputError(f"theta must be BCHW[D] but has the shape {tuple(theta.shape)}")
    dtype = torch.promote_types(theta.dtype, torch.float32)
    return convert_to_tensor(theta.detach(), dtype=dtype, track_meta=False).mean(dim=1, keepdim=True)


@lru_cache(maxsize=2)
def _tie_order(pixels: int, seed: int) -> Tensor:
    generator = torch.Generator(device="cpu").manual_seed(seed)
    return torch.randperm(pixels, generator=generator, device="cpu")


def ranked_pixels(scores: Tensor, k: int, seed: int = 0) -> Tensor:
    """Flat indices of the k highest-scoring pixels, highest first.

    A saturated sigmoid gives many equal scores, and ``torch.topk`` takes equal ones from the upper left. Here equal
    scores are ranked by one random permutation of the pixels. It depends on the seed and the number of pixels alone:
    neither on the batch an image comes in, nor on the rank, nor on the device. NaN ranks below every number.

    Args:
        scores: shape BCHW[D]; several channels are averaged.
        k: number of pixels.
        seed: seed of the permutation.

    Returns:
        indices into the flattened spatial axes, shape (B, k).

    Raises:
        InputError: when ``k`` is not in 1..number of pixels.
    """
    flat = pixel_scores(scores).flatten(1)
    if not 1 <= k <= flat.shape[1]:
        raise InputError(f"k must be in 1..{flat.shape[1]}, the number of pixels, but is {k}")
    order = _tie_order(flat.shape[1], seed).to(flat.device)
    # torch.sort puts NaN last when ascending, hence the sign; 0 - x rather than -x gives a single zero.
    return order[(0 - flat[:, order]).sort(dim=1, stable=True).indices[:, :k]]


def topk_mask(scores: Tensor, k: int, seed: int = 0) -> Tensor:
    """Mark exactly the k highest-scoring pixels of each image; ties as in :func:`ranked_pixels`.

    Args:
        scores: shape BCHW[D]; several channels are averaged.
        k: number of pixels (:func:`topk_pixels` gives the paper's).
        seed: seed of the permutation that breaks ties.

    Returns:
        a Boolean mask of shape B1HW[D].
    """
    spatial = scores.shape[2:]
    mask = torch.zeros(len(scores), prod(spatial), dtype=torch.bool, device=scores.device)
    return mask.scatter_(1, ranked_pixels(scores, k, seed), True).view(-1, 1, *spatial)


def top_share_mask(scores: Tensor, share: float, inside: Tensor | None = None, seed: int = 0) -> Tensor:
    """Mark the highest-scoring share of each image's own pixels; ties as in :func:`ranked_pixels`.

    Args:
        scores: shape BCHW[D]; several channels are averaged.
        share: of an image's pixels, in (0, 1]; rounded, at least one pixel.
        inside: Boolean, the pixels of the image itself, shape B1HW[D]; by default all. Padding is never marked.
        seed: seed of the permutation that breaks ties.

    Returns:
        a Boolean mask of shape B1HW[D].
    """
    pixels = prod(scores.shape[2:])
    if inside is None:
        count = scores.new_full((len(scores), 1), pixels, dtype=torch.int64)
    else:
        scores = pixel_scores(scores).masked_fill(~inside, -torch.inf)
        count = inside.flatten(1).sum(dim=1, keepdim=True)
    chosen = torch.arange(pixels, device=count.device) < (count * share).round().clamp_min(1)
    ranked = ranked_pixels(scores, pixels, seed)
    return torch.zeros_like(chosen).scatter_(1, ranked, chosen).view(-1, 1, *scores.shape[2:])
