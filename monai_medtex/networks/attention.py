# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import torch
from monai.networks.nets import ResNet
from torch import nn
from torch.nn import functional as F
from typing_extensions import Self

from monai_medtex.utils import InputError

from .patch_scores import PatchScores, patches_of, resnet_trunk, spread

__all__ = ["AttentionClassifier"]


class AttentionClassifier(nn.Module):
    """A ResNet that attends to patches: the interpretation baselines "soft attention" and "hard attention".

    A 1x1 convolution scores the patches of ``layer3``, the gate turns the scores into weights, and ``layer4``, pooling
    and the fully connected layer read the weighted features. It learns from the teacher's output alone, as the student
    does (MED-TEX eq. 2). A patch of ``layer3`` has seen more of the image than its own pixels, so that a closed gate
    hides less than theta suggests.

    It takes the place of :class:`MedTexNet` and of what that deploys.

    Args:
        backbone: a ResNet, such as MONAI's ``resnet18``; its layers are used, not copied.
        gate: maps scores of patches B1HW[D] to weights B1HW[D]: :class:`SoftGate`, :class:`ConcreteGate`.
        grid: patches per axis.

    Raises:
        InputError: When ``backbone`` has no fully connected layer.
    """

    def __init__(self, backbone: ResNet, gate: nn.Module, grid: int = 8) -> None:
        super().__init__()
        if backbone.fc is None:
            raise InputError("backbone must have a fully connected layer but was made with feed_forward=False.")
        self.trunk = resnet_trunk(backbone)
        self.scores = PatchScores(backbone, grid)
        self.gate = gate
        self.head = nn.Sequential(backbone.layer4, backbone.avgpool, nn.Flatten(), backbone.fc)

    def forward(self, x: torch.Tensor, distill: bool = False) -> torch.Tensor | dict:
        """Classify images; for training, return what the losses need.

        Args:
            x: images, shape BCHW[D].
            distill: whether to return a dict instead of the logits.

        Returns:
            the logits, shape BC, or a dict of ``logits``, ``theta``, and the empty lists ``mu`` and ``variance``.
        """
        features = self.trunk(x)
        scores = self.scores(features)
        logits = self._attend(features, scores)
        if not distill:
            return logits
        return {"logits": logits, "theta": spread(scores, x), "mu": [], "variance": []}

    def explain(self, x: torch.Tensor) -> torch.Tensor:
        """Return theta of images BCHW[D], shape B1HW[D], in [0, 1]: the score of each pixel's patch, the best 1."""
        return spread(self.scores(self.trunk(x)), x)

    def classify(self, x: torch.Tensor, theta: torch.Tensor) -> torch.Tensor:
        """Return the logits, shape BC, of images BCHW[D] whose patches are weighed as theta says."""
        return self._attend(self.trunk(x), patches_of(theta, self.scores.grid))

    def deployable(self) -> Self:
        """Return the network itself: nothing of it serves the training alone."""
        return self

    def _attend(self, features: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        gate = F.interpolate(self.gate(scores), size=features.shape[2:], mode="area")
        return self.head(features * gate)
