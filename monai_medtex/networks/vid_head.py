# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math

import torch
from monai.networks.layers import Conv
from torch import nn
from torch.nn import functional as F

from monai_medtex.utils import InputError

__all__ = ["VIDHead"]


class VIDHead(nn.Module):
    """Gaussian ``r(T^i | S^j) = prod N(mu(S^j), sigma_c^2)`` of one pair of layers (MED-TEX eq. 5; Ahn et al. 2019).

    ``mu`` maps student channels to teacher channels by 1x1 convolutions; the variance is learnt per teacher channel,
    ``sigma_c^2 = softplus(alpha_c) + eps``, and starts at ``initial_variance``.

    Args:
        spatial_dims: 2 or 3.
        student_channels: channels of the student's layer.
        teacher_channels: channels of the teacher's layer.
        hidden_channels: channels between the two convolutions, ``teacher_channels`` if None.
        initial_variance: variance before training.
        eps: smallest variance.

    Raises:
        InputError: When not ``initial_variance > eps > 0``.
    """

    def __init__(
        self,
        spatial_dims: int,
        student_channels: int,
        teacher_channels: int,
        hidden_channels: int | None = None,
        initial_variance: float = 5.0,
        eps: float = 1e-5,
    ) -> None:
        super().__init__()
        if not initial_variance > eps > 0:
            raise InputError(f"initial_variance must exceed eps > 0 but they are {initial_variance} and {eps}.")
        hidden = hidden_channels or teacher_channels
        conv = Conv[Conv.CONV, spatial_dims]
        self.mean = nn.Sequential(conv(student_channels, hidden, 1), nn.ReLU(), conv(hidden, teacher_channels, 1))
        self.alpha = nn.Parameter(torch.full((teacher_channels,), math.log(math.expm1(initial_variance - eps))))
        self.eps = eps

    @property
    def variance(self) -> torch.Tensor:
        """The variance of each teacher channel, shape C, float32."""
        return F.softplus(self.alpha.float()) + self.eps

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Predict the teacher's layer from the student's.

        Args:
            features: the student's layer, shape BCHW[D].

        Returns:
            the mean, shape BCHW[D] with the teacher's channels, and the variance, shape C.
        """
        return self.mean(features), self.variance
