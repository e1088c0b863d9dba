# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import torch
from torch.nn import functional as F
from torch.nn.modules.loss import _Loss

from monai_medtex.utils import InputError

from .precision import at_least_float32

__all__ = ["KnownLabelsLoss"]


class KnownLabelsLoss(_Loss):
    """Binary cross-entropy of logits to the labels that are known, to train and to judge a multi-label teacher."""

    def forward(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Compare.

        Args:
            logits: shape BC, one for each label.
            labels: shape BC: 1 where the label holds, 0 where it does not, negative where that is unknown.

        Returns:
            the mean over the known labels in nats, a scalar; 0 where none is known.

        Raises:
            InputError: When the shapes differ.
        """
        if logits.shape != labels.shape:
            raise InputError(
                f"logits and labels must have one shape but have {tuple(logits.shape)} and {tuple(labels.shape)}."
            )
        known = labels >= 0
        logits = at_least_float32(logits)
        losses = F.binary_cross_entropy_with_logits(logits, labels.clamp(min=0).to(logits), reduction="none")
        return (losses * known).sum() / known.sum().clamp(min=1)
