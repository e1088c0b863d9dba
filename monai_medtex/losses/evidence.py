# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import torch
from torch.nn import functional as F
from torch.nn.modules.loss import _Loss

from .precision import at_least_float32
from .vid import match_spatial_size

__all__ = ["EvidenceLoss"]


class EvidenceLoss(_Loss):
    """Cross-entropy of theta, averaged over each place of the teacher's map, to the teacher's evidence there.

    The evidence of one view of an image is noisy; since the loss is linear in it, training on random flips and
    rotations draws theta to its mean over them. Below the resolution of the map theta is free.
    """

    def forward(self, theta: torch.Tensor, evidence: torch.Tensor) -> torch.Tensor:
        """Compare.

        Args:
            theta: shape BCHW[D] in [0, 1]; its channels are averaged.
            evidence: shape B1HW[D] in [0, 1]; no gradient flows into it.

        Returns:
            the mean over images and places in nats, a scalar.
        """
        score = match_spatial_size(at_least_float32(theta).mean(dim=1, keepdim=True), evidence.shape[2:])
        return F.binary_cross_entropy(score.clamp(0, 1), at_least_float32(evidence.detach()))
