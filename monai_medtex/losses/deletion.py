# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import torch
from torch.nn.modules.loss import _Loss

from .precision import at_least_float32
from .soft_cross_entropy import check_logits

__all__ = ["DeletionLoss"]


class DeletionLoss(_Loss):
    """``- mean log(1 - p_c)``: once theta's pixels are deleted, the teacher must not give its class ``c`` any more."""

    def forward(self, deleted_logits: torch.Tensor, teacher_logits: torch.Tensor) -> torch.Tensor:
        """Judge what is left.

        Args:
            deleted_logits: of the images without theta's pixels, shape BC.
            teacher_logits: of the whole images, which name the class, shape BC; no gradient flows into them.

        Returns:
            the mean over the batch in nats per image, a scalar.
        """
        check_logits(deleted_logits, teacher_logits)
        classes = teacher_logits.argmax(dim=1, keepdim=True)
        logits = at_least_float32(deleted_logits)
        others = logits.scatter(1, classes, -torch.inf).logsumexp(dim=1)
        return (logits.logsumexp(dim=1) - others).mean()
