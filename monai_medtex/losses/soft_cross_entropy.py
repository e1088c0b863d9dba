# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import torch
from torch.nn import functional as F
from torch.nn.modules.loss import _Loss

from monai_medtex.utils import InputError

from .precision import at_least_float32

__all__ = ["SoftCrossEntropyLoss", "check_logits"]


def check_logits(student_logits: torch.Tensor, teacher_logits: torch.Tensor) -> None:
    """Raise a ValueError unless both have one shape."""
    if student_logits.shape != teacher_logits.shape:
        raise InputError(
            f"student_logits and teacher_logits must have one shape but have {tuple(student_logits.shape)} "
            f"and {tuple(teacher_logits.shape)}."
        )


class SoftCrossEntropyLoss(_Loss):
    """Prediction loss ``L_N = - mean_X sum_l y_T[l] log y_S[l]`` (MED-TEX eq. 2), in float32 at least.

    Its negative is a lower bound of I(X'; y_T) up to the entropy H(y_T) (eq. 9, 10).
    """

    def forward(self, student_logits: torch.Tensor, teacher_logits: torch.Tensor) -> torch.Tensor:
        """Compare the student's distribution with the teacher's.

        Args:
            student_logits: shape BC.
            teacher_logits: shape BC; no gradient flows into them.

        Returns:
            the mean over the batch in nats per image, a scalar.
        """
        check_logits(student_logits, teacher_logits)
        taught = at_least_float32(teacher_logits.detach()).softmax(dim=1)
        return F.cross_entropy(at_least_float32(student_logits), taught)
