# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import torch
from monai.config import KeysCollection
from monai.transforms import MapTransform, ScaleIntensityRange
from monai.transforms.utils_pytorch_numpy_unification import percentile
from monai.utils import convert_to_dst_type

from monai_medtex.utils import InputError

__all__ = ["ScaleVolumed"]

BRIGHT = 99.9


class ScaleVolumed(MapTransform):
    """Bring the values of volumes, shape C[spatial dims], to 0 to 1, and clip what lies beyond.

    Args:
        keys: keys of the volumes.
        intensity_range: the values that become 0 and 1; None for each channel's minimum and 99.9th percentile, or its
            maximum where fewer voxels than that are above the minimum. A channel of one value becomes 0.

    Raises:
        InputError: When the range is not two numbers, the lower one first.
    """

    def __init__(self, keys: KeysCollection, intensity_range: Sequence[float] | None = None) -> None:
        super().__init__(keys)
        if intensity_range is not None and not _is_range(intensity_range):
            raise InputError(f"intensity_range must be two numbers, the lower one first, got {intensity_range}")
        self.intensity_range = intensity_range

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Scale the volumes of one entry."""
        scaled = dict(data)
        for key in self.key_iterator(scaled):
            image = scaled[key]
            scaled[key] = convert_to_dst_type(torch.stack([self._scale(channel) for channel in image]), image)[0]
        return scaled

    def _scale(self, channel: torch.Tensor) -> torch.Tensor:
        low, high = self.intensity_range or _ends(channel)
        if not high > low:
            return torch.zeros_like(channel)
        return torch.as_tensor(ScaleIntensityRange(low, high, 0.0, 1.0, clip=True)(channel))


def _ends(channel: torch.Tensor) -> tuple[float, float]:
    low = channel.min()
    few = (channel > low).float().mean() <= 1 - BRIGHT / 100
    return float(low), float(channel.max() if few else percentile(channel, BRIGHT))


def _is_range(value: object) -> bool:
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        return False
    numbers = all(isinstance(end, (int, float)) and not isinstance(end, bool) and math.isfinite(end) for end in value)
    return numbers and value[0] < value[1]
