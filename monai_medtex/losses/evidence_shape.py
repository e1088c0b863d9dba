# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import torch
from torch.nn import functional as F

from .evidence import EvidenceLoss

__all__ = ["EvidenceShapeLoss"]


class EvidenceShapeLoss(EvidenceLoss):
    """Kullback-Leibler divergence of theta from the teacher's evidence, both as distributions over an image's pixels.

    It tells where the evidence lies and says nothing of how much of it there is; :class:`EvidenceLoss` says that. Few
    pixels hold evidence, so that a mean over all pixels hardly weighs them; here they are all that counts. It is what
    networks that predict where people look are trained with (Huang et al., "SALICON", ICCV 2015).

    It takes what :class:`EvidenceLoss` takes; the result is the mean over images, in nats. An image without evidence
    adds 0.
    """

    def _compare(self, roots: torch.Tensor, taught: torch.Tensor) -> torch.Tensor:
        roots, taught = roots.flatten(1), taught.flatten(1)
        found = roots.log() - roots.sum(dim=1, keepdim=True).log()
        wanted = taught / taught.sum(dim=1, keepdim=True).clamp(min=torch.finfo(taught.dtype).tiny)
        return F.kl_div(found, wanted, reduction="batchmean")
