# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import torch
from torch.nn.modules.loss import _Loss

from monai_medtex.utils import InputError

from .precision import at_least_float32

__all__ = ["AreaBudgetLoss"]


class AreaBudgetLoss(_Loss):
    """Draw the mean of each image's theta to an area: ``mean_i (mean(theta_i) - area)^2``, in float32 at least.

    A student that is trained along and normalises its layers undoes the scale of theta, so on its own this term is met
    by a faint theta that shows as much as before.

    Args:
        area: share of the image, in [0, 1].

    Raises:
        InputError: When ``area`` is no share.
    """

    def __init__(self, area: float) -> None:
        super().__init__()
        if not 0 <= area <= 1:
            raise InputError(f"area must lie in [0, 1] but is {area}.")
        self.area = area

    def extra_repr(self) -> str:
        """Show the settings."""
        return f"area={self.area}"

    def forward(self, theta: torch.Tensor) -> torch.Tensor:
        """Return the loss, a scalar, of theta in [0, 1] of shape BCHW[D]."""
        return (at_least_float32(theta).flatten(1).mean(dim=1) - self.area).square().mean()
