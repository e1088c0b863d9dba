# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Sequence

import torch
from monai.networks.layers import Conv

from .explainer import Explainer

__all__ = ["ClassExplainer"]


class ClassExplainer(Explainer):
    """An explainer with scores for each class, so that one can ask what speaks for a class or label.

    The student is shown the highest of the scores, so theta itself is one map.

    Args:
        spatial_dims: 2 or 3.
        in_channels: channels of the image.
        num_classes: classes or labels.
        channels: see :class:`Explainer`.
    """

    def __init__(
        self, spatial_dims: int, in_channels: int, num_classes: int, channels: Sequence[int] = (8, 16, 32, 64)
    ) -> None:
        super().__init__(spatial_dims, in_channels, 1, channels)
        self.score = Conv[Conv.CONV, spatial_dims](channels[0], num_classes, kernel_size=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return theta, shape B1HW[D] in [0, 1], of images of shape BCHW[D]."""
        return self.classes(x).amax(dim=1, keepdim=True)

    @torch.jit.export
    def classes(self, x: torch.Tensor) -> torch.Tensor:
        """Return the scores for each of the K classes, shape BKHW[D] in [0, 1], of images of shape BCHW[D]."""
        return self.scores(x)
