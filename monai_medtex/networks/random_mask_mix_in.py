# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import torch
from torch import nn

from monai_medtex.utils import InputError

__all__ = ["RandomMaskMixIn"]


class RandomMaskMixIn(nn.Module):
    """In training, show the student some images under random masks in place of theta, so that it learns to read any.

    A student that only ever sees theta may read its answer from theta's shape (Jethani et al., "Have we learned to
    explain?", AISTATS 2021). ``share`` 1 trains the predictor on random masks alone, as the first phase of REAL-X.

    Args:
        masks: maps theta to random masks, B1HW[D], such as :class:`RandomMasks`.
        share: probability that an image is shown under a random mask.

    Raises:
        InputError: When ``share`` is outside 0 to 1.
    """

    def __init__(self, masks: nn.Module, share: float = 0.5) -> None:
        super().__init__()
        if not 0 <= share <= 1:
            raise InputError(f"share must be in 0..1 but is {share}.")
        self.masks = masks
        self.share = share

    def extra_repr(self) -> str:
        """Show the share."""
        return f"share={self.share}"

    def forward(self, theta: torch.Tensor) -> torch.Tensor:
        """Return theta, or in training a random mask in the place of some, shape B1HW[D] or BCHW[D]."""
        if not self.training:
            return theta
        chosen = torch.rand(len(theta), *[1] * (theta.ndim - 1), device=theta.device) < self.share
        return torch.where(chosen, self.masks(theta), theta)
