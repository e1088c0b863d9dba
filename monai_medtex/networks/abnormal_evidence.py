# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Sequence

import torch

from .per_class_evidence import PerClassEvidence

__all__ = ["AbnormalEvidence"]


class AbnormalEvidence(PerClassEvidence):
    """What each place in the teacher's own features weighs for an answer other than "normal", which is class 0.

    It is the largest of the other classes' evidence, each times the class's probability. :class:`ClassEvidence` tells
    what the teacher's answer rests on whatever it is, so an image without a finding has a peak as well; here it is as
    faint as a finding is improbable, so that the windows of a volume can be compared with each other.
    """

    activations = ("softmax",)

    def _evidence(self, logits: torch.Tensor, outputs: Sequence[torch.Tensor]) -> torch.Tensor:
        return super()._evidence(logits, outputs)[:, 1:].amax(dim=1, keepdim=True)
