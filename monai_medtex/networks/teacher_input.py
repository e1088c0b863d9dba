# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Sequence

import torch
from monai.utils import ensure_tuple_rep
from torch import nn

from monai_medtex.losses import match_spatial_size
from monai_medtex.utils import InputError

__all__ = ["TeacherInput"]

LUMA = (0.299, 0.587, 0.114)  # ITU-R 601-2, as Pillow turns RGB to grey


class TeacherInput(nn.Module):
    """Turn the student's images into those that a teacher was trained on: its axes, channels, size and normalisation.

    The steps are done in that order. What is not given stays as it is.

    Args:
        spatial_size: of the teacher's images, HW[D] or one number for all axes; smaller images are interpolated
            linearly, larger ones averaged.
        channels: of the teacher's images; a grey image is repeated, an RGB image becomes grey by ITU-R 601-2.
        mean: to subtract, one number or one for each channel, on the student's scale (0 to 1).
        std: to divide by afterwards, one number or one for each channel.
        reverse_axes: whether the teacher's images have rows first, as torchvision's and OpenCV's, and slices before
            them, as ITK's arrays; MONAI's are WH[D].

    Raises:
        InputError: When ``std`` is not positive.
    """

    def __init__(
        self,
        spatial_size: int | Sequence[int] | None = None,
        channels: int | None = None,
        mean: float | Sequence[float] = 0.0,
        std: float | Sequence[float] = 1.0,
        reverse_axes: bool = False,
    ) -> None:
        super().__init__()
        self.reverse_axes = reverse_axes
        self.spatial_size = spatial_size
        self.channels = channels
        self.mean = mean
        self.std = std
        if torch.as_tensor(std).min() <= 0:
            raise InputError(f"std of the teacher's input must be positive but is {std}")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the teacher's images, shape BCHW[D], for the student's of shape BCHW[D].

        Raises:
            InputError: When the channels cannot be converted.
        """
        x = self._recoloured(x.permute(0, 1, *reversed(range(2, x.ndim))) if self.reverse_axes else x)
        if self.spatial_size is not None:
            x = match_spatial_size(x, torch.Size(ensure_tuple_rep(self.spatial_size, x.ndim - 2)))
        return (x - self._per_channel(self.mean, x)) / self._per_channel(self.std, x)

    def _recoloured(self, x: torch.Tensor) -> torch.Tensor:
        have = x.shape[1]
        if self.channels in (None, have):
            return x
        if have == 1:
            return x.expand(-1, self.channels, *x.shape[2:])
        if (have, self.channels) == (3, 1):
            return (x * self._per_channel(LUMA, x)).sum(dim=1, keepdim=True)
        raise InputError(f"channels: images of {have} channels cannot be turned into {self.channels} for the teacher")

    @staticmethod
    def _per_channel(values: float | Sequence[float], x: torch.Tensor) -> torch.Tensor:
        return x.new_tensor(values).view(-1, *[1] * (x.ndim - 2))
