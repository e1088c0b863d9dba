# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import torch
from torch import nn

from monai_medtex.utils import InputError

from .baselines import ZeroBaseline, masked

__all__ = ["ExplainedClassifier"]


class ExplainedClassifier(nn.Module):
    """Explainer and student: what is deployed. Its state dict is a bundle's ``model.pt``.

    The student has only ever seen ``X' = theta * X + (1 - theta) * b(X)``, so it is of no use without the explainer.
    The baseline ``b`` says what a removed pixel becomes; with the default, black, this is MED-TEX eq. 3.
    It can be scripted, traced and exported.

    Args:
        explainer: maps images BCHW[D] to theta, B1HW[D] or BCHW[D], in [0, 1].
        student: maps images BCHW[D] to logits BC.
        baseline: maps images BCHW[D] to what takes the place of removed pixels, BCHW[D]; it has no weights. None for
            :class:`ZeroBaseline`.
        mask_power: the student's mask is theta to this power; 1 is the paper. Below 1 it shows more of what theta
            scores low, with the same order of the pixels; no gradient should pass it then, since it is infinite where
            theta is 0 (:class:`DetachedTheta`).

    Raises:
        InputError: When ``mask_power`` is not positive.
    """

    def __init__(
        self,
        explainer: nn.Module,
        student: nn.Module,
        baseline: nn.Module | None = None,
        mask_power: float = 1.0,
    ) -> None:
        super().__init__()
        if mask_power <= 0:
            raise InputError(f"mask_power must be positive but is {mask_power}.")
        self.explainer = explainer
        self.student = student
        self.baseline = ZeroBaseline() if baseline is None else baseline
        self.mask_power = float(mask_power)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits, shape BC, of images of shape BCHW[D]."""
        return self.classify(x, self.explain(x))

    @torch.jit.export
    def explain(self, x: torch.Tensor) -> torch.Tensor:
        """Return theta, shape B1HW[D] or BCHW[D], of images of shape BCHW[D]."""
        return self.explainer(x)

    @torch.jit.export
    def mask(self, x: torch.Tensor, theta: torch.Tensor) -> torch.Tensor:
        """Return what the student sees, shape BCHW[D], of images BCHW[D] with theta B1HW[D] or BCHW[D]."""
        shown = theta if self.mask_power == 1.0 else theta**self.mask_power
        return masked(x, shown, self.baseline(x))

    @torch.jit.export
    def classify(self, x: torch.Tensor, theta: torch.Tensor) -> torch.Tensor:
        """Return the logits, shape BC, of images BCHW[D] masked by theta."""
        return self.student(self.mask(x, theta))
