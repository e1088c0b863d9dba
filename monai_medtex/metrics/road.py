# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0
"""ROAD: how the class's probability changes as pixels are removed and filled from their neighbours."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from monai.utils import convert_to_tensor
from torch import Tensor

from ..utils import InputError
from .class_probability import class_probability, predicted_class
from .imputation import noisy_linear_imputation
from .topk_selection import pixel_scores, top_share_mask

__all__ = ["ROAD_SHARES", "road_curves", "road_score"]

ROAD_SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)


def _check_share(share: float, pixels: int) -> None:
    if not 1 <= round(share * pixels) < pixels:
        raise InputError(f"shares must leave some of the {pixels} pixels, and remove some, but hold {share}")


def road_curves(
    classify: Callable[[Tensor], Tensor],
    images: Tensor,
    scores: Tensor,
    shares: Sequence[float] = ROAD_SHARES,
    seed: int = 0,
    batch_size: int = 64,
    inside: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Probability of the whole image's class without its most, and without its least, relevant pixels.

    Remove and debias (Rong and Leemann et al., ICML 2022): no retraining, and the removed pixels are filled by
    :func:`~monai_medtex.metrics.noisy_linear_imputation`, so that the outline of the removed region tells the
    classifier little.

    Args:
        classify: takes images BCHW[D] and gives logits BC; in evaluation mode.
        images: shape BCHW[D].
        scores: shape BCHW[D], any number of channels, which are averaged.
        shares: shares of the pixels that are removed, each in (0, 1).
        seed: seed of the permutation that breaks ties and of the noise; an image's result does not depend on its batch.
        batch_size: images that the classifier sees at a time.
        inside: Boolean, the pixels of the image itself, shape B1HW[D]; by default all. Padding is never removed.

    Returns:
        the probabilities with the most relevant pixels removed first (MoRF) and with the least relevant ones removed
        first (LeRF), each of shape (B, len(shares)). For a good map the former are low and the latter high.

    Raises:
        InputError: when the shapes do not fit, or a share removes no pixel or all.
    """
    relevance = pixel_scores(scores)
    if relevance.shape != (len(images), 1, *images.shape[2:]):
        shapes = f"{tuple(scores.shape)} beside images of {tuple(images.shape)}"
        raise InputError(f"scores must be of the size of the images but have the shape {shapes}")
    images = convert_to_tensor(images, track_meta=False)
    pixels = relevance[0, 0].numel() if inside is None else int(inside.flatten(1).sum(dim=1).min())
    for share in shares:
        _check_share(share, pixels)
    classes = predicted_class(classify, images, batch_size)

    def without(order: Tensor, share: float) -> Tensor:
        filled = noisy_linear_imputation(images, top_share_mask(order, share, inside, seed), seed=seed)
        return class_probability(classify, filled, classes, batch_size)

    most, least = (torch.stack([without(order, share) for share in shares], dim=1) for order in (relevance, -relevance))
    return most, least


def road_score(morf: Tensor, lerf: Tensor) -> Tensor:
    """Mean over the shares of (LeRF - MoRF) / 2, as in pytorch-grad-cam's ``ROADCombined``: higher is better.

    Args:
        morf: probabilities without the most relevant pixels, shape (B, shares), see :func:`road_curves`.
        lerf: probabilities without the least relevant pixels, same shape.

    Returns:
        a score in [-0.5, 0.5] of each image, shape B; 0 is expected of a map that tells nothing.
    """
    return (lerf - morf).mean(dim=1) / 2
