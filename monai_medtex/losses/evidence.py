# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import torch
from torch.nn import functional as F
from torch.nn.modules.loss import _Loss

from .precision import at_least_float32, without_autocast
from .vid import match_spatial_size

__all__ = ["EvidenceLoss"]


class EvidenceLoss(_Loss):
    """Cross-entropy of theta to the teacher's evidence, brought to theta's resolution.

    The evidence of one view of an image is noisy; since the loss is linear in it, training on random flips and
    rotations draws theta to its mean over them.

    Args:
        power: it is theta's root of this order that is drawn to the evidence, so that theta becomes that power of the
            evidence's mean. The power of a mean is sharper than the mean of powers: give the explainer's sharpness.
    """

    def __init__(self, power: float = 1.0) -> None:
        super().__init__()
        self.power = power

    def __repr__(self) -> str:
        return f"{type(self).__name__}(power={self.power})"

    def forward(self, theta: torch.Tensor, evidence: torch.Tensor) -> torch.Tensor:
        """Compare.

        Args:
            theta: shape BCHW[D] in [0, 1]; its channels are averaged.
            evidence: shape B1HW[D], or BKHW[D] of K classes, of which each place's highest counts, in [0, 1]; no
                gradient flows into it.

        Returns:
            the mean over images and pixels in nats, a scalar.
        """
        taught = match_spatial_size(at_least_float32(evidence.detach()), theta.shape[2:]).clamp(0, 1)
        taught = taught.amax(dim=1, keepdim=True)
        scores = at_least_float32(theta).mean(dim=1, keepdim=True)
        roots = scores.clamp(torch.finfo(scores.dtype).tiny, 1) ** (1 / self.power)  # a root is steep at 0
        return self._compare(roots, taught)

    def _compare(self, roots: torch.Tensor, taught: torch.Tensor) -> torch.Tensor:
        """Compare theta's root with the evidence, both of shape B1HW[D] in [0, 1]."""
        with without_autocast(roots.device):  # CUDA's refuses this loss, whatever the precision
            return F.binary_cross_entropy(roots, taught)
