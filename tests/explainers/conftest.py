# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections import OrderedDict

import pytest
import torch
from torch import nn


class Linear(nn.Module):
    """Logits (s, -s) with s = sum of weight * x: the gradient is known everywhere."""

    def __init__(self, weight: torch.Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        score = (self.weight * x).flatten(1).sum(dim=1, keepdim=True)
        return torch.cat([score, -score], dim=1)


def brightness_detector(gain: float = 10.0, inplace: bool = False) -> nn.Sequential:
    """Class 1 has the logit gain * (2 * mean of what exceeds 0.5 - 0.1), class 0 minus that."""
    network = nn.Sequential(
        OrderedDict(
            block4=nn.Conv2d(1, 1, 1),
            relu=nn.ReLU(inplace),
            pool=nn.AdaptiveAvgPool2d(1),
            flat=nn.Flatten(),
            fc=nn.Linear(1, 2),
        )
    )
    with torch.no_grad():
        network.block4.weight.fill_(1.0)
        network.block4.bias.fill_(-0.5)
        network.fc.weight.copy_(2 * gain * torch.tensor([[-1.0], [1.0]]))
        network.fc.bias.copy_(0.1 * gain * torch.tensor([1.0, -1.0]))
    return network


@pytest.fixture
def linear() -> type[Linear]:
    return Linear


@pytest.fixture
def detector() -> nn.Sequential:
    return brightness_detector()


@pytest.fixture
def sure_detector() -> nn.Sequential:
    return brightness_detector(gain=200.0)


@pytest.fixture
def inplace_detector() -> nn.Sequential:
    return brightness_detector(inplace=True)


@pytest.fixture
def quadrant() -> torch.Tensor:
    """The lower left quarter, shape 11HW."""
    mask = torch.zeros(1, 1, 32, 32, dtype=torch.bool)
    mask[..., 16:, :16] = True
    return mask


@pytest.fixture
def bright_quadrant(quadrant: torch.Tensor) -> torch.Tensor:
    dark = 0.15 * torch.rand(quadrant.shape, generator=torch.Generator().manual_seed(0))
    return torch.where(quadrant, 0.9, dark)
