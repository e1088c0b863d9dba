# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0
"""L2X on images: a selector of patches, and a classifier that sees nothing but the selected ones.

Chen, Song, Wainwright, Jordan, "Learning to explain: an information-theoretic perspective on model interpretation",
ICML 2018. There is no official code for images; the design is this. The selector (ResNet18 up to ``layer3``, as the
paper's comparison asks) gives one logit for each of 8 x 8 patches. In training the mask is the largest of k draws of
the concrete distribution; the mask times the image goes through a small classifier q, the same as MED-TEX's student.
Both are trained on the teacher's output by MED-TEX eq. 2, whose negative, ``E log q(y_T | X_S)``, is the variational
lower bound of the mutual information I(X_S; y_T) that L2X maximises. Afterwards the k best patches are shown, hard.
"""

from __future__ import annotations

import torch
from monai.networks.nets import ResNet
from torch import nn

from .explained_classifier import ExplainedClassifier
from .patch_scores import PatchScores, patches_of, resnet_trunk, spread

__all__ = ["L2XClassifier", "L2XNet", "PatchSelector"]


class PatchSelector(nn.Module):
    """Explainer that scores patches.

    Args:
        backbone: a ResNet, such as MONAI's ``resnet18``; its layers up to ``layer3`` are used, not copied.
        grid: patches per axis.
    """

    def __init__(self, backbone: ResNet, grid: int = 8) -> None:
        super().__init__()
        self.trunk = resnet_trunk(backbone)
        self.scores = PatchScores(backbone, grid)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return theta of images BCHW[D], shape B1HW[D], in [0, 1]: the score of each pixel's patch, the best 1."""
        return spread(self.scores(self.trunk(x)), x)


class L2XClassifier(ExplainedClassifier):
    """Selector and student: what is deployed. Theta ranks the patches, and the student sees the best of them alone.

    Args:
        explainer: maps images BCHW[D] to theta B1HW[D], one value per patch: :class:`PatchSelector`.
        student: maps images BCHW[D] to logits BC.
        gate: maps scores of patches B1HW[D] to a mask B1HW[D]: :class:`ConcreteGate`.
        grid: patches per axis, as the explainer's.
    """

    def __init__(self, explainer: nn.Module, student: nn.Module, gate: nn.Module, grid: int = 8) -> None:
        super().__init__(explainer, student)
        self.gate = gate
        self.grid = grid

    @torch.jit.export
    def classify(self, x: torch.Tensor, theta: torch.Tensor) -> torch.Tensor:
        """Return the logits, shape BC, of images BCHW[D] of which only the patches that theta ranks first are left."""
        mask = spread(self.gate(patches_of(theta, self.grid)), x)
        return self.student(mask * x)


class L2XNet(L2XClassifier):
    """What is trained: takes the place of :class:`MedTexNet`."""

    def forward(self, x: torch.Tensor, distill: bool = False) -> torch.Tensor | dict:  # type: ignore[override]
        """Classify images; for training, return what the losses need.

        Args:
            x: images, shape BCHW[D].
            distill: whether to return a dict instead of the logits.

        Returns:
            the logits, shape BC, or a dict of ``logits``, ``theta``, and the empty lists ``mu`` and ``variance``.
        """
        theta = self.explain(x)
        logits = self.classify(x, theta)
        return {"logits": logits, "theta": theta, "mu": [], "variance": []} if distill else logits

    def deployable(self) -> L2XClassifier:
        """Return selector and student, which script; the weights are shared, not copied."""
        return L2XClassifier(self.explainer, self.student, self.gate, self.grid)
