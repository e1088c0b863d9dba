# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0
"""Fill missing pixels from their neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from monai.utils import convert_to_tensor
from torch import Tensor
from torch.nn import functional as F

from ..utils import InputError

__all__ = ["noisy_linear_imputation"]

MOST_ROUNDS = 1000


def _spread(values: Tensor) -> Tensor:
    """Filter by [1/2, 1, 1/2] along each axis, with zeros beyond the border."""
    for axis in range(2, values.ndim):
        size, before, values = values.shape[axis], values, values.clone()
        values.narrow(axis, 1, size - 1).add_(before.narrow(axis, 0, size - 1), alpha=0.5)
        values.narrow(axis, 0, size - 1).add_(before.narrow(axis, 1, size - 1), alpha=0.5)
    return values


def _neighbours(values: Tensor) -> Tensor:
    """Weighted sum over the neighbours that exist: in 2-D 1/6 beside and 1/12 across; in 3-D 1/14, 1/28 and 1/56."""
    return (_spread(values) - values) / (2 ** (values.ndim - 2) - 1)


class _Level(NamedTuple):
    missing: Tensor  # 1 where a pixel is to be filled, else 0; B1HW[D]
    weight: Tensor  # sum of the weights of a pixel's neighbours

    def equations(self, values: Tensor) -> Tensor:
        """The left side of the equations, linear in values that are 0 at known pixels."""
        return self.missing * (self.weight * values - _neighbours(values))


def _levels(missing: Tensor) -> list[_Level]:
    """The image and ever coarser ones, each of half the size, where a pixel is missing if all it stands for are."""
    pool = F.max_pool2d if missing.ndim == 4 else F.max_pool3d
    levels = []
    while missing.any():
        levels.append(_Level(missing, _neighbours(torch.ones_like(missing))))
        missing = 1 - pool(1 - missing, 2, ceil_mode=True)
    return levels


def _coarser(values: Tensor) -> Tensor:
    """The transpose of :func:`_finer`."""
    pool = F.avg_pool2d if values.ndim == 4 else F.avg_pool3d
    return pool(_spread(values), 2, ceil_mode=True, divisor_override=1) / 2 ** (values.ndim - 2)


def _finer(values: Tensor, shape: Sequence[int]) -> Tensor:
    """Linear interpolation to twice the size."""
    inside = tuple(slice(size) for size in shape)
    blocks = F.interpolate(values, scale_factor=2)[(slice(None), slice(None), *inside)]
    return _spread(blocks) / 2 ** (values.ndim - 2)


def _rough_solution(levels: list[_Level], right: Tensor) -> Tensor:
    """One V-cycle of multigrid with a Jacobi step before and after: symmetric, hence fit for conjugate gradients."""
    (level, *coarser), spatial = levels, right.shape[2:]
    values = right / level.weight
    if coarser:
        rest = coarser[0].missing * _coarser(right - level.equations(values))
        correction = _rough_solution(coarser, rest) / 2 ** (len(spatial) - 2)
        values = values + level.missing * _finer(correction, spatial)
    return values + (right - level.equations(values)) / level.weight


def _dot(left: Tensor, right: Tensor) -> Tensor:
    return (left * right).flatten(2).sum(dim=2).view(*left.shape[:2], *[1] * (left.ndim - 2))


def _solved(images: Tensor, missing: Tensor, tolerance: float) -> Tensor:
    """Conjugate gradients, each image and channel until none of its equations is off by more than ``tolerance``."""
    levels, weight = _levels(missing), _neighbours(torch.ones_like(missing))
    mean = _dot(images, 1 - missing) / _dot(1 - missing, 1 - missing)
    filled = torch.lerp(images, mean, missing)
    residual = missing * (_neighbours(filled) - weight * filled)
    direction, former = torch.zeros_like(residual), torch.ones_like(mean)
    for _ in range(MOST_ROUNDS):
        unsolved = residual.abs().amax(dim=tuple(range(2, residual.ndim)), keepdim=True) > tolerance
        if not unsolved.any():
            break
        step = _rough_solution(levels, residual)
        norm = _dot(residual, step)
        direction = step + (norm / former).where(unsolved, 0.0) * direction
        sides = levels[0].equations(direction)
        length = (norm / _dot(direction, sides)).where(unsolved, 0.0)
        filled, residual, former = filled + length * direction, residual - length * sides, norm
    return filled


@torch.no_grad()
def noisy_linear_imputation(
    images: Tensor, missing: Tensor, noise: float = 0.01, seed: int = 0, tolerance: float = 1e-5
) -> Tensor:
    """Fill missing pixels by the weighted mean of all their neighbours, known or filled, plus a little noise.

    Rong and Leemann et al., *A consistent and efficient evaluation strategy for attribution methods*, ICML 2022: in 2-D
    a neighbour beside weighs 1/6 and one across 1/12; at the border the weights of the neighbours that exist are scaled
    to sum to 1. All missing pixels of an image make one system of linear equations, which is symmetric and positive
    definite; it is solved by conjugate gradients, in about ten rounds with one multigrid cycle each. The paper gives no
    weights for 3-D; here each weighs half of one that is an axis nearer, as in 2-D.

    Args:
        images: shape BCHW[D].
        missing: Boolean, shape B1HW[D]; each image has at least one pixel that is not missing.
        noise: standard deviation of the noise that is added to filled pixels, in the images' unit.
        seed: seed of the noise: the same noise for each image, whatever the batch.
        tolerance: how much a filled pixel may differ from the mean of its neighbours, in the images' unit.

    Returns:
        filled images in single precision (or double, where the images are), shape BCHW[D]; known pixels are kept.

    Raises:
        InputError: when the shapes do not fit, or all pixels of an image are missing.
    """
    if images.ndim not in (4, 5) or missing.shape != (len(images), 1, *images.shape[2:]):
        shapes = f"{tuple(missing.shape)} beside images of {tuple(images.shape)}"
        raise InputError(f"missing must be B1HW[D] of the size of the images but has the shape {shapes}")
    if missing.flatten(1).all(dim=1).any():
        raise InputError("missing marks all pixels of an image, so that there is nothing to fill them from")
    dtype = torch.promote_types(images.dtype, torch.float32)
    known = convert_to_tensor(images, dtype=dtype, track_meta=False)
    gaps = convert_to_tensor(missing, track_meta=False).to(known.device)
    generator = torch.Generator(device="cpu").manual_seed(seed)
    disturbance = noise * torch.randn(known.shape[1:], generator=generator, device="cpu").to(known)
    return torch.where(gaps, _solved(known, gaps.to(dtype), tolerance) + disturbance, known)
