# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import torch
from torch.nn.modules.loss import _Loss

from .precision import at_least_float32

__all__ = ["TotalVariationLoss"]


class TotalVariationLoss(_Loss):
    """Mean absolute difference of theta over all pairs of neighbours along the axes, in float32 at least."""

    def forward(self, theta: torch.Tensor) -> torch.Tensor:
        """Return the loss, a scalar, of theta of shape BCHW[D]."""
        theta = at_least_float32(theta)
        return torch.cat([theta.diff(dim=axis).flatten() for axis in range(2, theta.ndim)]).abs().mean()
