# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import torch
from torch import nn

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
    """

    def __init__(self, explainer: nn.Module, student: nn.Module, baseline: nn.Module | None = None) -> None:
        super().__init__()
        self.explainer = explainer
        self.student = student
        self.baseline = ZeroBaseline() if baseline is None else baseline

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits, shape BC, of images of shape BCHW[D]."""
        return self.classify(x, self.explain(x))

    @torch.jit.export
    def explain(self, x: torch.Tensor) -> torch.Tensor:
        """Return theta, shape B1HW[D] or BCHW[D], of images of shape BCHW[D]."""
        return self.explainer(x)

    @torch.jit.export
    def classify(self, x: torch.Tensor, theta: torch.Tensor) -> torch.Tensor:
        """Return the logits, shape BC, of images BCHW[D] masked by theta."""
        return self.student(masked(x, theta, self.baseline(x)))
