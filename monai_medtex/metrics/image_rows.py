# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0
"""One row of figures per image, gathered over ranks."""

from __future__ import annotations

import torch
from monai.metrics import CumulativeIterationMetric
from monai.utils import evenly_divisible_all_gather

__all__ = ["ImageRowMetric"]


class ImageRowMetric(CumulativeIterationMetric):
    """A cumulative metric whose buffer is one table: a row per image, ``width`` figures per row.

    MONAI leaves a rank that saw no image out of the gathering, so that the other ranks wait for it for ever, and gives
    ``None`` instead of a table where no rank saw any. Here such a rank takes part with an empty table, and
    :meth:`get_buffer` always gives a tensor of shape (images, ``width``).

    Attributes:
        width: number of figures per image, set by the subclass.
        dtype: data type of the rows, the same on each rank.
    """

    width: int
    dtype: torch.dtype = torch.float32

    def _sync(self) -> None:
        if self._synced or self._buffers is not None:
            super()._sync()
            return
        nothing = torch.empty(0, self.width, dtype=self.dtype)
        self._synced_tensors = [evenly_divisible_all_gather(nothing, concat=True)]
        self._synced = True
