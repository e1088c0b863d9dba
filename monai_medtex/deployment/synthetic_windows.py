# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from monai_medtex.data.synthetic_volume import draw_volume

__all__ = ["synthetic_windows"]


def synthetic_windows(image_shape: Sequence[int], count: int, seed: int = 0) -> torch.Tensor:
    """Draw windows of volumes, normal and abnormal in turn.

    Args:
        image_shape: CHWD of one window; each channel holds the same.
        count: number of windows.
        seed: of the drawing.

    Returns:
        windows BCHWD in [0, 1].
    """
    channels, *window = image_shape
    middle = tuple(slice((max(window) - length) // 2, (max(window) + length) // 2) for length in window)
    drawn = []
    for index in range(count):
        voxels, _ = draw_volume(np.random.default_rng([seed, index]), max(window), index % 2 == 1)
        drawn.append((voxels[middle] / np.percentile(voxels, 99.9)).clip(0, 1))
    windows = torch.from_numpy(np.stack(drawn)).float().unsqueeze(1)
    return windows.expand(-1, channels, *window).contiguous()
