# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import torch
from torch.nn import functional as F
from torch.nn.modules.loss import _Loss

from monai_medtex.utils import InputError

from .precision import at_least_float32
from .soft_cross_entropy import check_logits

__all__ = ["KnowledgeDistillationLoss"]


class KnowledgeDistillationLoss(_Loss):
    """``temperature^2 * KL(softmax(y_T / temperature) || softmax(y_S / temperature))``, in float32 at least.

    Hinton, Vinyals, Dean, "Distilling the knowledge in a neural network", 2015; the factor keeps the size of the
    gradient independent of the temperature.

    Args:
        temperature: softens both distributions; positive.

    Raises:
        InputError: When ``temperature`` is not positive.
    """

    def __init__(self, temperature: float = 4.0) -> None:
        super().__init__()
        if temperature <= 0:
            raise InputError(f"temperature must be positive but is {temperature}.")
        self.temperature = temperature

    def forward(self, student_logits: torch.Tensor, teacher_logits: torch.Tensor) -> torch.Tensor:
        """Compare the student's distribution with the teacher's.

        Args:
            student_logits: shape BC.
            teacher_logits: shape BC; no gradient flows into them.

        Returns:
            the mean over the batch in nats per image, a scalar.
        """
        check_logits(student_logits, teacher_logits)
        student = (at_least_float32(student_logits) / self.temperature).log_softmax(dim=1)
        teacher = (at_least_float32(teacher_logits.detach()) / self.temperature).log_softmax(dim=1)
        return self.temperature**2 * F.kl_div(student, teacher, reduction="batchmean", log_target=True)
