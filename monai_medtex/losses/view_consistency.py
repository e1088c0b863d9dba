# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import torch
from torch.nn.modules.loss import _Loss

from .evidence import EvidenceLoss
from .evidence_shape import EvidenceShapeLoss
from .precision import at_least_float32

__all__ = ["ViewConsistencyLoss"]


class ViewConsistencyLoss(_Loss):
    """How far theta is from theta of another view of the image: :class:`EvidenceLoss` plus :class:`EvidenceShapeLoss`.

    An explainer that has seen few images gives other scores when an image is mirrored, and their mean over the views is
    the better map. Since both losses are linear in what they draw theta to, a random view a step draws it to that mean,
    in one pass at inference. Theta of the same image everywhere would do as well, so it goes along with a term that
    says what theta is, such as the evidence.

    Args:
        power: see :class:`EvidenceLoss`.
    """

    def __init__(self, power: float = 1.0) -> None:
        super().__init__()
        self.power = power
        self.amount = EvidenceLoss(power)
        self.shape = EvidenceShapeLoss(power)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(power={self.power})"

    def forward(self, theta: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        """Compare.

        Args:
            theta: shape BCHW[D] in [0, 1].
            other: theta of another view in the orientation of the first, of the same shape; no gradient flows into it.

        Returns:
            the mean over images, in nats, a scalar.
        """
        wanted = at_least_float32(other.detach()).mean(dim=1, keepdim=True) ** (1 / self.power)
        return self.amount(theta, wanted) + self.shape(theta, wanted)
