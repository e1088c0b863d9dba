# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0
"""Confidence intervals and paired tests of mean figures by the bootstrap over images or patients."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import torch
from torch import Tensor

from ..utils import InputError

__all__ = ["FEWEST_GROUPS", "bootstrap_means", "paired_p_value", "percentile_interval"]

FEWEST_GROUPS = 6  # fewer can't be told from chance, be they unanimous: 2 * 2 ** -5 > 0.05 (the sign test, two-sided)


def _group_indices(images: int, groups: Sequence[Hashable] | None) -> Tensor:
    if groups is None:
        return torch.arange(images)
    if len(groups) != images:
        raise InputError(f"groups must name the group of each of the {images} images but has {len(groups)} entries")
    numbers = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    return torch.tensor([numbers[group] for group in groups], dtype=torch.int64)


def bootstrap_means(
    values: Tensor, groups: Sequence[Hashable] | None = None, draws: int = 1000, seed: int = 0
) -> Tensor:
    """Mean figures of resampled data sets, each of them the same images for all methods.

    Draws as many images as there are, with replacement (Efron and Tibshirani, *An Introduction to the Bootstrap*,
    1993); with ``groups``, as many groups as there are, each with all of its images (the cluster bootstrap), since the
    images of one patient are not independent. The mean is over the drawn images, so that a large group weighs more.

    Args:
        values: figure of each image and method, shape (images, methods); NaN is left out of the mean.
        groups: group of each image, such as a patient's id; each image by itself by default.
        draws: number of resampled data sets.
        seed: seed of the draws.

    Returns:
        the mean of each draw and method in double precision, shape (draws, methods); NaN where a draw holds no value.

    Raises:
        InputError: when ``values`` is no table, or ``groups`` does not fit it.
    """
    if values.ndim != 2:
        raise InputError(f"values must be of the shape (images, methods) but have the shape {tuple(values.shape)}")
    group_of_image = _group_indices(len(values), groups)
    count = int(group_of_image.max()) + 1 if len(values) else 0
    generator = torch.Generator(device="cpu").manual_seed(seed)
    drawn = torch.randint(max(count, 1), (draws, count), generator=generator, device="cpu")
    times = torch.zeros(draws, count, dtype=torch.float64).scatter_add_(1, drawn, torch.ones_like(drawn).double())
    weights = times[:, group_of_image]
    table = values.detach().cpu().double()
    return (weights @ table.nan_to_num(nan=0.0)) / (weights @ (~table.isnan()).double())


def percentile_interval(draws: Tensor, level: float = 0.95) -> tuple[Tensor, Tensor]:
    """Percentile interval of bootstrap draws.

    Args:
        draws: drawn figures, shape (draws,) or (draws, methods); NaN is left out.
        level: share of the draws between the ends, in (0, 1).

    Returns:
        the lower and the upper end, each of the shape of one draw; NaN where there is no draw.

    Raises:
        InputError: when ``level`` is not in (0, 1).
    """
    if not 0 < level < 1:
        raise InputError(f"level must be between 0 and 1 but is {level}")
    ends = torch.tensor([(1 - level) / 2, (1 + level) / 2], dtype=draws.dtype, device=draws.device)
    low, high = draws.nanquantile(ends, dim=0)
    return low, high


def paired_p_value(differences: Tensor) -> Tensor:
    """Two-sided p value of a difference of means, from its bootstrap draws.

    Twice the smaller share of draws on one side of zero, draws of exactly zero counted on both sides: up to the
    interpolation between draws, the largest p for which :func:`percentile_interval` at level 1 - p still holds zero.

    Args:
        differences: one method's :func:`bootstrap_means` minus another's, shape (draws,) or (draws, pairs); NaN is left
            out.

    Returns:
        p values of the shape of one draw: at most 1, at least 1 / draws; NaN where there is no draw.
    """
    known = (~differences.isnan()).sum(dim=0).double()
    smaller = torch.minimum((differences <= 0).sum(dim=0), (differences >= 0).sum(dim=0))
    return torch.maximum(2 * smaller / known, 1 / known).clamp_max(1.0).where(known > 0, torch.nan)
