# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from monai.networks.layers import Conv
from monai.networks.nets.basic_unet import Down, TwoConv, UpCat
from torch import nn

from monai_medtex.losses.precision import at_least_float32, without_autocast
from monai_medtex.utils import InputError

__all__ = ["ConstantExplainer", "Explainer"]


class Explainer(nn.Module):
    """Under-complete auto-encoder with skip connections whose sigmoid gives the scores theta in [0, 1].

    Built of the blocks of MONAI's ``BasicUNet``, with as many resolutions as there are channels. Upsampling is linear,
    since transposed convolutions print a grid on theta. Odd sizes are padded inside, so the image may have any size of
    at least ``2 ** (len(channels) - 1)`` pixels per axis.

    Nguyen-Duc et al., "MED-TEX", ISBI 2022, eq. 3.

    Args:
        spatial_dims: 2 or 3.
        in_channels: channels of the image.
        theta_channels: 1 for one score per pixel, ``in_channels`` for one per pixel and channel as in the paper.
        channels: feature channels at each resolution, from the image's own down to the coarsest.
        sharpness: theta is the sigmoid to this power. 1 as in the paper; above 1 the same order of pixels, with less
            weight on those of low scores.
        prior: what the sigmoid gives before training, about; None for about 0.5. Where nearly all pixels are to have
            scores near 0, training from 0.5 first switches all features off (Lin et al., "Focal Loss", 2017, section
            3.3).

    Raises:
        InputError: When ``theta_channels`` does not fit, ``channels`` names fewer than two resolutions,
            ``sharpness`` is not positive, or ``prior`` is no probability.
    """

    def __init__(
        self,
        spatial_dims: int,
        in_channels: int,
        theta_channels: int = 1,
        channels: Sequence[int] = (8, 16, 32, 64),
        sharpness: float = 1.0,
        prior: float | None = None,
    ) -> None:
        super().__init__()
        if theta_channels not in (1, in_channels):
            raise InputError(f"theta_channels must be 1 or in_channels={in_channels} but is {theta_channels}.")
        if len(channels) < 2:
            raise InputError(f"channels must name at least two resolutions but is {channels}.")
        if sharpness <= 0:
            raise InputError(f"sharpness must be positive but is {sharpness}.")
        if prior is not None and not 0 < prior < 1:
            raise InputError(f"prior must be between 0 and 1 but is {prior}.")
        self.sharpness = float(sharpness)
        act, norm = ("relu", {"inplace": True}), "batch"
        self.stem = TwoConv(spatial_dims, in_channels, channels[0], act, norm, bias=False)
        self.downs = nn.ModuleList(
            Down(spatial_dims, fine, coarse, act, norm, bias=False)
            for fine, coarse in zip(channels[:-1], channels[1:], strict=True)
        )
        self.ups = nn.ModuleList(
            UpCat(spatial_dims, coarse, fine, fine, act, norm, bias=False, upsample="nontrainable")
            for fine, coarse in zip(channels[-2::-1], channels[:0:-1], strict=True)
        )
        self.score = Conv[Conv.CONV, spatial_dims](channels[0], theta_channels, kernel_size=1)
        if prior is not None:
            nn.init.constant_(self.score.bias, math.log(prior / (1 - prior)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Score every pixel.

        Args:
            x: images, shape BCHW[D].

        Returns:
            theta, shape B1HW[D] or BCHW[D], in [0, 1].
        """
        return self.scores(x) ** self.sharpness

    def scores(self, x: torch.Tensor) -> torch.Tensor:
        """Return the scores of every pixel in [0, 1], shape BCHW[D] with a channel for each output of ``score``."""
        features = self.stem(x)
        skips = [features]
        for down in self.downs:
            features = down(features)
            skips.append(features)
        level = len(skips) - 2
        for up in self.ups:
            features = up(features, skips[level])
            level -= 1
        if torch.jit.is_scripting():  # TorchScript takes no autocast of a device that it does not know
            return torch.sigmoid(self.score(features))
        # a score in bfloat16 has few values, hence many ties, and its sigmoid saturates
        with without_autocast(features.device):
            return torch.sigmoid(self.score(at_least_float32(features)))


class ConstantExplainer(nn.Module):
    """No explainer: theta is 1 everywhere, so that the student sees the whole image (the paper's "Student (only)")."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return theta of ones, shape B1HW[D], for images of shape BCHW[D]."""
        return torch.ones_like(x[:, :1])
