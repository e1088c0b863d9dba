# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""Synthetic volumes: a head-like ellipsoid of tissue with ventricles and bright vessels, with or without lesions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

__all__ = ["draw_volume"]

Floats = NDArray[np.floating]
Random = np.random.Generator
Grid = Sequence[Floats]

_WHITE = 1000  # voxel value of full brightness


def _ramp(values: NDArray) -> NDArray:
    """Smooth step from 0 at 0 to 1 at 1."""
    values = np.clip(values, 0, 1)
    return values * values * (3 - 2 * values)


def _noise(rng: Random, size: int, cells: int) -> Floats:
    """Smooth noise: a grid of ``cells`` normal deviates a side, the same for each size."""
    grid = torch.from_numpy(rng.normal(size=(1, 1, cells, cells, cells)).astype(np.float32))
    return F.interpolate(grid, size=(size,) * 3, mode="trilinear", align_corners=True)[0, 0].numpy()


def _distance(grid: Grid, centre: NDArray, radii: NDArray) -> Floats:
    """Distance to a centre in units of the radii along the axes: 1 on the ellipsoid."""
    parts = (((axis - c) / r) ** 2 for axis, c, r in zip(grid, centre.tolist(), radii.tolist(), strict=True))
    return np.sqrt(sum(parts)).astype(np.float32)


def _tissue(rng: Random, grid: Grid, size: int) -> tuple[NDArray, NDArray]:
    """Brightness of mottled tissue with two dark ventricles, and its depth below the surface, 1 in the centre."""
    depth = 1 - _distance(grid, rng.uniform(-0.05, 0.05, 3), rng.uniform(0.78, 0.92, 3))
    image: NDArray = rng.uniform(0.4, 0.55) + 0.05 * _noise(rng, size, 5) + 0.03 * _noise(rng, size, 12)
    for side in (-1, 1):
        centre = np.array([side * rng.uniform(0.1, 0.2), *rng.uniform(-0.1, 0.1, 2)])
        ventricle = _ramp((1.2 - _distance(grid, centre, rng.uniform((0.06, 0.2, 0.1), (0.12, 0.35, 0.2)))) / 0.4)
        image = image * (1 - rng.uniform(0.6, 0.8) * ventricle)
    return image, depth


def _draw_vessels(rng: Random, grid: Grid, image: Floats) -> Floats:
    """Thin winding tubes as bright as a lesion: bright, and no lesion."""
    for _ in range(rng.integers(1, 4)):
        point, heading = rng.uniform(-0.5, 0.5, 3), rng.normal(size=3)
        radius, tube = rng.uniform(0.03, 0.05), np.zeros_like(image)
        for _ in range(14):
            heading = heading / np.linalg.norm(heading) + rng.normal(0, 0.25, 3)
            point = point + 0.06 * heading / np.linalg.norm(heading)
            tube = np.maximum(tube, _ramp(2 - _distance(grid, point, np.full(3, radius))))
        image = image + rng.uniform(0.2, 0.35) * tube
    return image


def _draw_lesions(rng: Random, grid: Grid, image: Floats, depth: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Bright irregular blobs in the tissue, and their mask."""
    size, mask = len(image), np.zeros(image.shape, dtype=bool)
    roughness = 0.12 * _noise(rng, size, 16)
    inside = np.argwhere(depth > 0.25)
    for _ in range(rng.integers(1, 4)):
        centre = (inside[rng.integers(len(inside))] + 0.5) * 2 / size - 1
        level = 1 - _distance(grid, centre, rng.uniform(0.13, 0.22) * rng.uniform(0.8, 1.25, 3)) + roughness
        level = np.where(depth > 0.08, level, -1)
        image = image + rng.uniform(0.2, 0.35) * _ramp(level / 0.3 + 0.5)
        mask |= level > 0
    return image, mask


def _scan(rng: Random, image: Floats, depth: Floats) -> NDArray[np.int16]:
    """Uneven sensitivity of the coils, black around the tissue, and noise."""
    size = len(image)
    image = image * (1 + 0.08 * _noise(rng, size, 3)) * _ramp(depth / 0.06)
    noise = rng.normal(0, rng.uniform(0.01, 0.03), (2, *image.shape))
    magnitude = np.hypot(image + noise[0], noise[1])
    return np.where(depth > -0.05, magnitude * _WHITE * rng.uniform(0.8, 1.2), 0).astype(np.int16)


def draw_volume(rng: np.random.Generator, size: int, abnormal: bool) -> tuple[NDArray[np.int16], NDArray[np.bool_]]:
    """Draw one volume.

    The same state of ``rng`` draws the same tissue, vessels and noise for both values of ``abnormal``: the pair differs
    by the lesions alone.

    Args:
        rng: source of randomness; nothing else is random.
        size: voxels along each axis.
        abnormal: whether to add one to three bright lesions.

    Returns:
        the voxels, shape ``(size, size, size)``, 0 around the tissue and about 1000 at the brightest, and the mask of
        the lesions in the same shape.
    """
    scene, lesions, camera = (np.random.default_rng(seed) for seed in rng.integers(2**63, size=3))
    axis = ((np.arange(size, dtype=np.float32) + 0.5) * 2 / size - 1).astype(np.float32)
    grid = np.meshgrid(axis, axis, axis, indexing="ij", sparse=True)
    image, depth = _tissue(scene, grid, size)
    image = _draw_vessels(scene, grid, image)
    mask = np.zeros(image.shape, dtype=bool)
    if abnormal:
        image, mask = _draw_lesions(lesions, grid, image, depth)
    return _scan(camera, image, depth), mask
