# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from monai_medtex.utils import check_at_least

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

    Raises:
        InputError: When ``grid`` is below 1.
    """

    def __init__(self, grid: int = 8) -> None:
        super().__init__()
        check_at_least(1, grid=grid)
        self.grid = grid

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
        return masks.clamp(0, 1).to(theta.dtype)  # the weights of the cells sum to 1 up to rounding
