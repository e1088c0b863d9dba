# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import torch
from torch.nn import functional as F
from torch.nn.modules.loss import _Loss

from .evidence import roots_and_evidence

__all__ = ["EvidenceShapeLoss"]


class EvidenceShapeLoss(_Loss):
    """Kullback-Leibler divergence of theta from the teacher's evidence, both as distributions over an image's pixels.

    It tells where the evidence lies and says nothing of how much of it there is; :class:`EvidenceLoss` says that. Few
    pixels hold evidence, so that a mean over all pixels hardly weighs them; here they are all that counts. It is what
    networks that predict where people look are trained with (Huang et al., "SALICON", ICCV 2015).

    Args:
        power: as in :class:`EvidenceLoss`.
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
            evidence: shape B1HW[D] in [0, 1]; no gradient flows into it.

        Returns:
            the mean over images in nats, a scalar; an image without evidence adds 0.
        """
        roots, taught = (x.flatten(1) for x in roots_and_evidence(theta, evidence, self.power))
        found = roots.log() - roots.sum(dim=1, keepdim=True).log()
        wanted = taught / taught.sum(dim=1, keepdim=True).clamp(min=torch.finfo(taught.dtype).tiny)
        return F.kl_div(found, wanted, reduction="batchmean")
