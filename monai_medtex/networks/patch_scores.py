# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import torch
from monai.networks.layers import Conv
from monai.networks.nets import ResNet
from torch import nn
from torch.nn import functional as F

__all__ = ["PatchScores", "patches_of", "resnet_trunk", "spread"]


def resnet_trunk(backbone: ResNet) -> nn.Sequential:
    """The layers of a ResNet up to ``layer3``, in which a pixel stands for 16 x 16 of the image; not copied."""
    pool = [] if backbone.no_max_pool else [backbone.maxpool]
    stem = [backbone.conv1, backbone.bn1, backbone.act, *pool]
    return nn.Sequential(*stem, backbone.layer1, backbone.layer2, backbone.layer3)


def spread(patches: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    """Give every pixel the value of its patch.

    Args:
        patches: one value per patch, shape B1HW[D].
        images: shape BCHW[D].

    Returns:
        shape B1HW[D] with the spatial size of ``images``.
    """
    return F.interpolate(patches, size=images.shape[2:], mode="nearest")


def patches_of(theta: torch.Tensor, grid: int) -> torch.Tensor:
    """Undo :func:`spread`: the value in the middle of every patch.

    Args:
        theta: shape B1HW[D], at least ``2 * grid`` pixels per axis.
        grid: patches per axis.

    Returns:
        shape B1HW[D] with ``grid`` patches per axis.
    """
    return F.interpolate(theta, size=[grid] * (theta.ndim - 2), mode="nearest-exact")


class PatchScores(nn.Module):
    """One score per patch, ``exp(logit - largest logit)``: softmax over the patches, divided by its maximum.

    The logits are a 1x1 convolution of the features, averaged over each patch.

    Args:
        backbone: whose :func:`resnet_trunk` gives the features.
        grid: patches per axis.
    """

    def __init__(self, backbone: ResNet, grid: int = 8) -> None:
        super().__init__()
        weight = backbone.layer4.get_parameter("0.conv1.weight")
        self.logit = Conv[Conv.CONV, weight.ndim - 2](weight.shape[1], 1, kernel_size=1)
        self.grid = grid

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Score the patches.

        Args:
            features: shape BCHW[D].

        Returns:
            scores in [0, 1], the best patch 1, shape B1HW[D] with ``grid`` patches per axis, float32.
        """
        logits = F.interpolate(self.logit(features).float(), size=[self.grid] * (features.ndim - 2), mode="area")
        flat = logits.flatten(1)
        return (flat - flat.amax(dim=1, keepdim=True)).exp().view(logits.shape)
