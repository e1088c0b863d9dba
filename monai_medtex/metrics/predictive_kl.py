# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0
"""How far the student's class probabilities are from the teacher's."""

from __future__ import annotations

import torch
from torch import Tensor

from ..utils import InputError
from .answers import log_probabilities
from .image_rows import ImageRowMetric

__all__ = ["PredictiveKL", "predictive_kl"]


def predictive_kl(student_logits: Tensor, teacher_logits: Tensor, activation: str = "softmax") -> Tensor:
    """Kullback-Leibler divergence of the student's prediction from the teacher's, KL(p_T || p_S).

    The fidelity measure of Stanton et al., *Does knowledge distillation really work?*, 2021 (arXiv 2106.05945), from
    log probabilities in at least single precision: finite logits never give NaN, and NaN logits always do.

    Args:
        student_logits: shape BC.
        teacher_logits: shape BC.
        activation: ``"softmax"`` for one class of several; ``"sigmoid"`` for labels that hold or not, each for itself,
            whose divergences are added.

    Returns:
        the divergence of each image in nats, shape B.

    Raises:
        InputError: when the shapes differ.
    """
    if student_logits.shape != teacher_logits.shape:
        shapes = f"{tuple(student_logits.shape)} and {tuple(teacher_logits.shape)}"
        raise InputError(f"student_logits and teacher_logits must have the same shape but have {shapes}")
    student = log_probabilities(student_logits, activation)
    teacher = log_probabilities(teacher_logits.to(student_logits.device), activation)
    probability = teacher.exp()
    terms = torch.where(probability == 0, 0.0, probability * (teacher - student))
    return terms.sum(dim=(1, 2)).clamp_min(0.0)


class PredictiveKL(ImageRowMetric):
    """Mean over images of :func:`predictive_kl`, called with the student's and the teacher's logits BC.

    Also takes lists of logits without the batch dimension. The buffer holds the divergence of each image.

    Args:
        activation: see :func:`predictive_kl`.
    """

    width = 1

    def __init__(self, activation: str = "softmax") -> None:
        super().__init__()
        self.activation = activation

    def _compute_tensor(self, y_pred: Tensor, y: Tensor) -> Tensor:  # type: ignore[override]
        return predictive_kl(y_pred, y, self.activation).float().unsqueeze(1)

    def aggregate(self) -> Tensor:
        """Mean over all images and ranks since the last reset.

        Returns:
            a scalar in nats; NaN where there was no image.
        """
        return self.get_buffer().mean()
