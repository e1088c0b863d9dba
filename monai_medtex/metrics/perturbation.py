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
from .topk_selection import pixel_scores, ranked_pixels

__all__ = ["blur_baseline", "curve_area", "deletion_curve", "insertion_curve", "mean_baseline"]


def _replacement_step(scores: Tensor, inside: Tensor, steps: int) -> Tensor:
    """Step, 1..steps, in which each pixel is replaced: equal numbers per step, the highest scores first; B1HW[D].

    Pixels that are not inside come in a later step, thus never.
    """
    count = inside.flatten(1).sum(dim=1, keepdim=True)
    if not 1 <= steps <= count.min():
        raise InputError(f"steps must be in 1..{int(count.min())}, the number of pixels, but is {steps}")
    pixels = scores[0, 0].numel()
    ranked = ranked_pixels(pixel_scores(scores).masked_fill(~inside, -torch.inf), pixels)
    step_of_rank = torch.arange(pixels, device=ranked.device) * steps // count + 1
    step = torch.empty_like(ranked).scatter_(1, ranked, step_of_rank)
    return step.view(-1, 1, *scores.shape[2:])


@torch.no_grad()
def _curve(
    classify: Callable[[Tensor], Tensor],
    ends: tuple[Tensor, Tensor],
    classes: Tensor,
    replaced_in: Tensor,
    steps: int,
    batch_size: int,
) -> Tensor:
    """Probability of each image's class as the highest-scoring pixels of the first end become those of the second."""
    first, last = ends
    image, step = torch.cartesian_prod(torch.arange(len(first)), torch.arange(steps + 1)).to(first.device).unbind(1)
    probabilities = []
    for i, s in zip(image.split(batch_size), step.split(batch_size), strict=True):
        replaced = replaced_in[i] <= s.view(-1, *[1] * (first.ndim - 1))
        shown = torch.where(replaced, last[i], first[i])
        probabilities.append(class_probability(classify, shown, classes[i], batch_size))
    return torch.cat(probabilities).view(len(first), steps + 1)


def _checked(
    images: Tensor, scores: Tensor, baseline: Tensor, inside: Tensor | None, steps: int
) -> tuple[Tensor, Tensor, Tensor]:
    """The images, the baseline that keeps their padding, and the step in which each pixel is replaced."""
    if baseline.shape != images.shape or (len(scores), *scores.shape[2:]) != (len(images), *images.shape[2:]):
        shapes = f"{tuple(baseline.shape)} and {tuple(scores.shape)} beside images of {tuple(images.shape)}"
        raise InputError(f"baseline and scores must be of the size of the images but have the shapes {shapes}")
    whole = convert_to_tensor(images, track_meta=False)
    inside = torch.ones_like(whole[:, :1], dtype=torch.bool) if inside is None else inside.to(whole.device)
    baseline = torch.where(inside, convert_to_tensor(baseline, track_meta=False).to(whole), whole)
    return whole, baseline, _replacement_step(scores.to(whole.device), inside, steps)


def deletion_curve(
    classify: Callable[[Tensor], Tensor],
    images: Tensor,
    scores: Tensor,
    baseline: Tensor,
    steps: int = 16,
    batch_size: int = 64,
    inside: Tensor | None = None,
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
        inside: Boolean, the pixels of the image itself, shape B1HW[D]; by default all. Padding is never replaced.

    Returns:
        the probability at each step, shape (B, steps + 1): first the image, last the baseline.

    Raises:
        InputError: when the shapes do not fit, or ``steps`` is not in 1..number of pixels inside.
    """
    whole, baseline, replaced_in = _checked(images, scores, baseline, inside, steps)
    classes = predicted_class(classify, whole, batch_size)
    return _curve(classify, (whole, baseline), classes, replaced_in, steps, batch_size)


def insertion_curve(
    classify: Callable[[Tensor], Tensor],
    images: Tensor,
    scores: Tensor,
    baseline: Tensor,
    steps: int = 16,
    batch_size: int = 64,
    inside: Tensor | None = None,
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
        inside: Boolean, the pixels of the image itself, shape B1HW[D]; by default all. Padding is never replaced.

    Returns:
        the probability at each step, shape (B, steps + 1): first the baseline, last the image.

    Raises:
        InputError: when the shapes do not fit, or ``steps`` is not in 1..number of pixels inside.
    """
    whole, baseline, replaced_in = _checked(images, scores, baseline, inside, steps)
    classes = predicted_class(classify, whole, batch_size)
    return _curve(classify, (baseline, whole), classes, replaced_in, steps, batch_size)


def curve_area(curve: Tensor) -> Tensor:
    """Area under each curve by the trapezoid rule, with the whole curve one unit long.

    Args:
        curve: values at equal distances, both ends included, shape (B, steps + 1).

    Returns:
        the areas, shape B.
    """
    return torch.trapezoid(curve, dim=1) / (curve.shape[1] - 1)
