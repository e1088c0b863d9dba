# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Sequence

import torch
from monai.visualize import default_upsampler

__all__ = ["to_native"]


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
    side, longest = theta.shape[-1], max(spatial_shape)
    inside = [round(side * size / longest) for size in spatial_shape]
    starts = [(side - size) // 2 for size in inside]
    cut = theta[(slice(None), *(slice(start, start + size) for start, size in zip(starts, inside, strict=True)))]
    return default_upsampler(tuple(spatial_shape))(cut[None].float())[0]
