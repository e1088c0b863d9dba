# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import torch
from torch import nn

from monai_medtex.networks import ExplainedClassifier

__all__ = ["WithTheta"]


class WithTheta(nn.Module):
    """The deployed pair with both of its answers, for formats that keep ``forward`` alone.

    Args:
        network: the pair.
    """

    def __init__(self, network: ExplainedClassifier) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return logits, shape BC, and theta, shape B1HW[D] or BCHW[D], of images of shape BCHW[D]."""
        theta = self.network.explain(x)
        return self.network.classify(x, theta), theta
