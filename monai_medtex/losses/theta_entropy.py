# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import torch
from torch.distributions import Bernoulli
from torch.nn.modules.loss import _Loss

from .precision import at_least_float32

__all__ = ["ThetaEntropyLoss"]


class ThetaEntropyLoss(_Loss):
    """Mean binary entropy of theta in nats per pixel, 0 where theta is 0 or 1, at most ``log 2``; float32 at least."""

    def forward(self, theta: torch.Tensor) -> torch.Tensor:
        """Return the loss, a scalar, of theta in [0, 1] of shape BCHW[D]."""
        return Bernoulli(at_least_float32(theta), validate_args=False).entropy().mean()
