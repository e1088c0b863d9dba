# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn.modules.loss import _Loss

from monai_medtex.utils import InputError

from .precision import at_least_float32

__all__ = ["MultiAreaLoss"]


class MultiAreaLoss(_Loss):
    """Draw each image's theta to a hard mask of one of several areas, in float32 at least.

    The distance to an area ``a`` is the ranking loss of Fong, Patrick, Vedaldi, "Understanding deep networks via
    extremal perturbations and smooth masks", ICCV 2019: theta's values in ascending order are compared to a share
    ``1 - a`` of zeros followed by a share ``a`` of ones, by the mean squared difference. The paper optimises one mask
    for each area and takes the smallest that suffices; here one theta serves all areas, so an image's loss is its
    distance to the nearest of them, which differs from image to image, and the loss is the mean over the batch.

    Args:
        areas: shares of the image, in [0, 1].

    Raises:
        InputError: When there is no area, or one is no share.
    """

    def __init__(self, areas: Sequence[float]) -> None:
        super().__init__()
        if not areas or not all(0 <= area <= 1 for area in areas):
            raise InputError(f"areas must name shares in [0, 1] but is {areas}.")
        self.areas = tuple(areas)

    def extra_repr(self) -> str:
        """Show the settings."""
        return f"areas={self.areas}"

    def forward(self, theta: torch.Tensor) -> torch.Tensor:
        """Return the loss, a scalar, of theta in [0, 1] of shape BCHW[D]; the channels are ranked together."""
        ranked = at_least_float32(theta).flatten(1).sort(dim=1).values
        place = (torch.arange(ranked.shape[1], device=ranked.device) + 0.5) / ranked.shape[1]
        distances = [(ranked - (place > 1 - area).to(ranked)).square().mean(dim=1) for area in self.areas]
        return torch.stack(distances).amin(dim=0).mean()
