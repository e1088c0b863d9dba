# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0
"""How far a classifier's confidence is from its accuracy."""

from __future__ import annotations

import torch
from torch import Tensor

from ..utils import InputError

__all__ = ["calibration_error", "expected_calibration_error"]


def calibration_error(confidence: Tensor, correct: Tensor, bins: int = 15) -> Tensor:
    """Expected calibration error from the confidence in the predicted class and whether that class is right.

    The images are put into bins of equal width by their confidence, each bin without its lower and with its upper end;
    the error is the mean over the images of ``|accuracy - mean confidence|`` of their bin (Guo et al., *On calibration
    of modern neural networks*, 2017, eq. 3).

    Args:
        confidence: probability of the predicted class, in [0, 1], shape B.
        correct: whether the predicted class is right, shape B.
        bins: number of bins.

    Returns:
        a scalar in double precision; NaN where there is no image.

    Raises:
        InputError: when the shapes do not fit, a confidence is outside [0, 1], or ``bins`` is below 1.
    """
    if confidence.ndim != 1 or correct.shape != confidence.shape:
        shapes = f"{tuple(confidence.shape)} and {tuple(correct.shape)}"
        raise InputError(f"confidence and correct must both be of the shape B but have the shapes {shapes}")
    if bins < 1:
        raise InputError(f"bins must be at least 1 but is {bins}")
    outside = confidence[~((confidence >= 0) & (confidence <= 1))]
    if len(outside):
        raise InputError(f"confidence must be in [0, 1] but holds {outside[0].item()}")
    confidence = confidence.to(torch.promote_types(confidence.dtype, torch.float32))
    inner_ends = torch.linspace(0, 1, bins + 1, dtype=confidence.dtype, device=confidence.device)[1:-1]
    gaps = correct.to(confidence.device).double() - confidence.double()
    sums = torch.zeros(bins, dtype=torch.float64, device=gaps.device)
    sums.index_add_(0, torch.bucketize(confidence, inner_ends), gaps)
    return sums.abs().sum() / len(gaps)


def expected_calibration_error(probabilities: Tensor, labels: Tensor, bins: int = 15) -> Tensor:
    """Expected calibration error of class probabilities, see :func:`calibration_error`.

    Args:
        probabilities: shape BC.
        labels: class indices, shape B; an image with a negative label is unknown and is left out.
        bins: number of bins.

    Returns:
        a scalar in double precision; NaN where no label is known.

    Raises:
        InputError: when the shapes do not fit, or a probability is outside [0, 1].
    """
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1]:
        shapes = f"{tuple(probabilities.shape)} and {tuple(labels.shape)}"
        raise InputError(f"probabilities must be BC and labels B but they have the shapes {shapes}")
    labels = labels.to(probabilities.device)
    confidence, predicted = probabilities[labels >= 0].max(dim=1)
    return calibration_error(confidence, predicted == labels[labels >= 0], bins)
