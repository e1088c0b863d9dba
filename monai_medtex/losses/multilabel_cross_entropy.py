# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import torch
from torch.nn import functional as F
from torch.nn.modules.loss import _Loss

from .precision import at_least_float32
from .soft_cross_entropy import check_logits

__all__ = ["MultilabelCrossEntropyLoss"]


class MultilabelCrossEntropyLoss(_Loss):
    """Prediction loss of labels that hold or not, each for itself: MED-TEX eq. 2 for the two answers to each label.

    ``L_N = - mean_X sum_l ( y_T[l] log y_S[l] + (1 - y_T[l]) log(1 - y_S[l]) )`` with ``y = sigmoid(logits)``, in
    float32 at least. Its negative is a lower bound of the sum over labels of I(X'; y_T[l]), up to their entropies.
    """

    def forward(self, student_logits: torch.Tensor, teacher_logits: torch.Tensor) -> torch.Tensor:
        """Compare the student's probability of each label with the teacher's.

        Args:
            student_logits: shape BC, one logit for each label.
            teacher_logits: shape BC; no gradient flows into them.

        Returns:
            the mean over the batch in nats per image, a scalar.
        """
        check_logits(student_logits, teacher_logits)
        taught = at_least_float32(teacher_logits.detach()).sigmoid()
        learnt = at_least_float32(student_logits)
        return F.binary_cross_entropy_with_logits(learnt, taught, reduction="none").sum(dim=1).mean()
