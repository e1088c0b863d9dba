# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import torch
from torch.nn.modules.loss import _Loss

from .evidence import EvidenceLoss

__all__ = ["ClassEvidenceLoss"]


class ClassEvidenceLoss(_Loss):
    """:class:`EvidenceLoss` of each class's scores to the teacher's evidence for that class."""

    def __init__(self) -> None:
        super().__init__()
        self.one_class = EvidenceLoss()

    def forward(self, theta_classes: torch.Tensor, evidence: torch.Tensor) -> torch.Tensor:
        """Compare.

        Args:
            theta_classes: shape BKHW[D] in [0, 1].
            evidence: shape BKHW[D] in [0, 1]; no gradient flows into it.

        Returns:
            the mean over images, classes and pixels in nats, a scalar.
        """
        return self.one_class(theta_classes.flatten(0, 1).unsqueeze(1), evidence.flatten(0, 1).unsqueeze(1))
