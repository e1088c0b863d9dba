# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Sequence

import torch
from monai.visualize import default_upsampler

__all__ = ["image_region", "to_native"]


def image_region(side: int, spatial_shape: Sequence[int]) -> tuple[slice, ...]:
    """Where in the network's square an image lies, as ``Resize(size_mode="longest")`` and ``SpatialPad`` put it there.

    Args:
        side: of the network's square, in pixels.
        spatial_shape: size of the image before it was resized, HW[D].

    Returns:
        a slice of each spatial axis.
    """
    longest = max(spatial_shape)
    inside = [round(side * size / longest) for size in spatial_shape]
    starts = [(side - size) // 2 for size in inside]
    return tuple(slice(start, start + size) for start, size in zip(starts, inside, strict=True))


def to_native(theta: torch.Tensor, spatial_shape: Sequence[int]) -> torch.Tensor:
    """Bring a map from the network's square back to an image's own resolution.

    The inverse of MONAI's ``Resize(size_mode="longest")`` and a symmetric ``SpatialPad``: the padding is cut off, and
    the rest is interpolated linearly, so that a lesion mask never has to be resized (Saporta et al., 2022).

    Args:
        theta: scores at the network's size, shape CHW[D] with equal sides.
        spatial_shape: size of the image before it was resized, HW[D].

    Returns:
        scores of the shape C followed by ``spatial_shape``.
    """
    cut = theta[(slice(None), *image_region(theta.shape[-1], spatial_shape))]
    return default_upsampler(tuple(spatial_shape))(cut[None].float())[0]
