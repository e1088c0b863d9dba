# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""A run of networks that can be worked out by hand: an image is of class 1 where its brightest pixel is 1."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from monai_medtex.comparison import JudgedImage
from monai_medtex.networks import ExplainedClassifier
from monai_medtex.trust.subject import Subject

SIDE = 16


class BrightestPixel(nn.Module):
    """Class 1 where the maximum is above a half."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        brightest = x.flatten(1).amax(dim=1)
        return torch.stack([1 - brightest, brightest], dim=1)


class OwnScores(nn.Module):
    """The image's own values as scores."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean(dim=1, keepdim=True)


def image(number: int, bright: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """A dark image, with one white pixel if it is bright, and the mask of that pixel."""
    lesion = torch.zeros(1, SIDE, SIDE, dtype=torch.bool)
    lesion[0, number, 3] = bright
    return torch.where(lesion, 1.0, 0.25), lesion


@pytest.fixture
def subject() -> Subject:
    drawn = [image(number, number % 2 == 1) for number in range(6)]
    images = [
        JudgedImage(f"{number}.png", "", number % 2, pixels, lesion) for number, (pixels, lesion) in enumerate(drawn)
    ]
    network = ExplainedClassifier(OwnScores(), BrightestPixel()).eval()
    lesions = [lesion for _, lesion in drawn]
    return Subject(None, network, BrightestPixel(), None, images, lesions, torch.device("cpu"), batch_size=4)  # type: ignore[arg-type]
