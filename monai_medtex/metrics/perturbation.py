# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0
"""Deletion and insertion: how the class's probability changes as the highest-scoring pixels go or come."""

from __future__ import annotations

from collections.abc import Callable

import torch
from monai.utils import convert_to_tensor
from torch import Tensor

from ..networks.baselines import blur_baseline, mean_baseline
from ..utils import InputError
from .class_probability import class_probability, predicted_class
from .topk_selection import ranked_pixels

__all__ = ["blur_baseline", "curve_area", "deletion_curve", "insertion_curve", "mean_baseline"]


def _replacement_step(scores: Tensor, steps: int) -> Tensor:
    """Step, 1..steps, in which each pixel is replaced: equal numbers per step, the highest scores first; B1HW[D]."""
    pixels = scores[0, 0].numel()
    if not 1 <= steps <= pixels:
        raise InputError(f"steps must be in 1..{pixels}, the number of pixels, but is {steps}")
    ranked = ranked_pixels(scores, pixels)
    step_of_rank = torch.arange(pixels, device=ranked.device) * steps // pixels + 1
    step = torch.empty_like(ranked).scatter_(1, ranked, step_of_rank.expand_as(ranked))
    return step.view(-1, 1, *scores.shape[2:])


@torch.no_grad()
def _curve(
    classify: Callable[[Tensor], Tensor],
    ends: tuple[Tensor, Tensor],
    classes: Tensor,
    scores: Tensor,
    steps: int,
    batch_size: int,
) -> Tensor:
    """Probability of each image's class as the highest-scoring pixels of the first end become those of the second."""
    first, last = ends
    replaced_in = _replacement_step(scores, steps).to(first.device)
    image, step = torch.cartesian_prod(torch.arange(len(first)), torch.arange(steps + 1)).to(first.device).unbind(1)
    probabilities = []
    for i, s in zip(image.split(batch_size), step.split(batch_size), strict=True):
        replaced = replaced_in[i] <= s.view(-1, *[1] * (first.ndim - 1))
        shown = torch.where(replaced, last[i], first[i])
        probabilities.append(class_probability(classify, shown, classes[i], batch_size))
    return torch.cat(probabilities).view(len(first), steps + 1)


def _checked(images: Tensor, scores: Tensor, baseline: Tensor) -> tuple[Tensor, Tensor]:
    if baseline.shape != images.shape or (len(scores), *scores.shape[2:]) != (len(images), *images.shape[2:]):
        shapes = f"{tuple(baseline.shape)} and {tuple(scores.shape)} beside images of {tuple(images.shape)}"
        raise InputError(f"baseline and scores must be of the size of the images but have the shapes {shapes}")
    return convert_to_tensor(images, track_meta=False), convert_to_tensor(baseline, track_meta=False).to(images.device)


def deletion_curve(
    classify: Callable[[Tensor], Tensor],
    images: Tensor,
    scores: Tensor,
    baseline: Tensor,
    steps: int = 16,
    batch_size: int = 64,
) -> Tensor:
    """Probability of the whole image's class as the highest-scoring pixels are replaced by a baseline, step by step.

    Petsiuk et al., *RISE*, 2018. A pixel is replaced in all channels at once; each step replaces an equal number of
    pixels. A low area (:func:`curve_area`) speaks for the map. The baseline decides what "deleted" means and belongs
    to the result: a dark lesion is not deleted by black.

    Args:
        classify: takes images BCHW[D] and gives logits BC; in evaluation mode.
        images: shape BCHW[D].
        scores: shape BCHW[D], any number of channels, which are averaged; ties as in
            :func:`~monai_medtex.metrics.ranked_pixels`.
        baseline: what pixels are replaced by, shape BCHW[D], such as :func:`mean_baseline`.
        steps: number of steps.
        batch_size: images that the classifier sees at a time.

    Returns:
        the probability at each step, shape (B, steps + 1): first the image, last the baseline.

    Raises:
        InputError: when the shapes do not fit, or ``steps`` is not in 1..number of pixels.
    """
    whole, baseline = _checked(images, scores, baseline)
    classes = predicted_class(classify, whole, batch_size)
    return _curve(classify, (whole, baseline), classes, scores, steps, batch_size)


def insertion_curve(
    classify: Callable[[Tensor], Tensor],
    images: Tensor,
    scores: Tensor,
    baseline: Tensor,
    steps: int = 16,
    batch_size: int = 64,
) -> Tensor:
    """Probability of the whole image's class as the highest-scoring pixels are put into a baseline, step by step.

    The counterpart of :func:`deletion_curve`: a high area (:func:`curve_area`) speaks for the map.

    Args:
        classify: takes images BCHW[D] and gives logits BC; in evaluation mode.
        images: shape BCHW[D].
        scores: shape BCHW[D], any number of channels, which are averaged; ties as in
            :func:`~monai_medtex.metrics.ranked_pixels`.
        baseline: what the curve starts from, shape BCHW[D], such as :func:`blur_baseline`.
        steps: number of steps.
        batch_size: images that the classifier sees at a time.

    Returns:
        the probability at each step, shape (B, steps + 1): first the baseline, last the image.

    Raises:
        InputError: when the shapes do not fit, or ``steps`` is not in 1..number of pixels.
    """
    whole, baseline = _checked(images, scores, baseline)
    classes = predicted_class(classify, whole, batch_size)
    return _curve(classify, (baseline, whole), classes, scores, steps, batch_size)


def curve_area(curve: Tensor) -> Tensor:
    """Area under each curve by the trapezoid rule, with the whole curve one unit long.

    Args:
        curve: values at equal distances, both ends included, shape (B, steps + 1).

    Returns:
        the areas, shape B.
    """
    return torch.trapezoid(curve, dim=1) / (curve.shape[1] - 1)
