# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from monai_medtex.utils import InputError, check_at_least

__all__ = ["RandomMasks"]


class RandomMasks(nn.Module):
    """Random masks of any area: what a predictor has to have seen so that no chosen mask can tell it more than X'.

    For each image a share is drawn evenly from 0 to 1, and each cell of a coarse raster is shown with that
    probability, on its own; the raster is upsampled linearly and shifted by up to one cell along each axis, as in RISE
    (Petsiuk et al., BMVC 2018). So a mask is 1 or 0 where neighbouring cells agree and has ramps elsewhere, as a soft
    theta has. REAL-X (Jethani et al., AISTATS 2021) always shows one half, in unshifted cells with hard edges.

    The masks are drawn in eval mode, too.

    Args:
        grid: cells along each axis of the image.
        faint: share of the images whose mask is not between 0 and 1 but between two levels of its own, since a theta
            can be faint, or a veil over the whole image: the upper one is drawn evenly from 0 to 1, the lower one
            evenly from 0 to the upper.

    Raises:
        InputError: When ``grid`` is below 1, or ``faint`` is outside 0 to 1.
    """

    def __init__(self, grid: int = 8, faint: float = 0.0) -> None:
        super().__init__()
        check_at_least(1, grid=grid)
        if not 0 <= faint <= 1:
            raise InputError(f"faint must be from 0 to 1, got {faint}")
        self.grid = grid
        self.faint = faint

    def extra_repr(self) -> str:
        """Show the settings."""
        return f"grid={self.grid}, faint={self.faint}"

    def forward(self, theta: torch.Tensor) -> torch.Tensor:
        """Draw masks in place of theta.

        Args:
            theta: shape B1HW[D] or BCHW[D], of which only the shape, type and device are used.

        Returns:
            masks in [0, 1], shape B1HW[D], without gradient.
        """
        batch, _, *spatial = theta.shape
        axes, cells = len(spatial), self.grid + 1
        share = torch.rand(batch, *[1] * (axes + 1), device=theta.device)
        shown = (torch.rand(batch, 1, *[cells] * axes, device=theta.device) < share).float()
        seen = self.grid / cells
        shift = (1 - seen) * (2 * torch.rand(batch, axes, 1, device=theta.device) - 1)
        scale = seen * torch.eye(axes, device=theta.device).expand(batch, axes, axes)
        window = F.affine_grid(torch.cat([scale, shift], dim=2), [batch, 1, *spatial], align_corners=False)
        masks = F.grid_sample(shown, window, padding_mode="border", align_corners=False)
        masks = masks.clamp(0, 1)  # the weights of the cells sum to 1 up to rounding
        if self.faint:
            masks = self._between_levels(masks)
        return masks.to(theta.dtype)

    def _between_levels(self, masks: torch.Tensor) -> torch.Tensor:
        faint, high, lower = torch.rand(3, len(masks), *[1] * (masks.ndim - 1), device=masks.device)
        low = high * lower
        return torch.where(faint < self.faint, low + (high - low) * masks, masks)
