# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Sequence

import torch

__all__ = ["adaptive_average"]


def adaptive_average(x: torch.Tensor, size: Sequence[int]) -> torch.Tensor:
    """Average a map to a fixed size by slices and means alone, as PyTorch's adaptive pooling does.

    Args:
        x: shape BCHW[D].
        size: HW[D] of the result.

    Returns:
        shape BCHW[D]; along an axis, place i is the mean from ``floor(i * have / want)`` to
        ``ceil((i + 1) * have / want)``.
    """
    for axis, want in enumerate(size, start=2):
        have = x.shape[axis]
        parts = [(i * have // want, -(-(i + 1) * have // want)) for i in range(want)]
        x = torch.cat([x.narrow(axis, start, end - start).mean(dim=axis, keepdim=True) for start, end in parts], axis)
    return x
