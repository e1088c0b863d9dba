# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0
"""What a removed pixel becomes: ``b`` in ``X' = theta * X + (1 - theta) * b(X)``.

The modules take images of two or three dimensions, have no entry in a state dict, and can be scripted and exported.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from monai_medtex.utils import InputError

__all__ = [
    "BlurBaseline",
    "ConstantBaseline",
    "MeanBaseline",
    "NoiseBaseline",
    "RandomBaseline",
    "ZeroBaseline",
    "blur_baseline",
    "masked",
    "mean_baseline",
]


def mean_baseline(images: torch.Tensor) -> torch.Tensor:
    """Each image's mean colour everywhere.

    Args:
        images: shape BCHW[D].

    Returns:
        the mean of each image and channel, spread to the shape of ``images``.
    """
    return images.mean(dim=list(range(2, images.ndim)), keepdim=True).expand_as(images)


def masked(x: torch.Tensor, theta: torch.Tensor, removed: torch.Tensor) -> torch.Tensor:
    """Show of each image what theta lets through: ``X' = theta * X + (1 - theta) * b(X)``.

    Args:
        x: images, shape BCHW[D].
        theta: scores in [0, 1], shape B1HW[D] or BCHW[D].
        removed: what a removed pixel becomes, ``b(X)``, shape BCHW[D].

    Returns:
        the simplified images, shape BCHW[D].
    """
    return removed + theta * (x - removed)


def blur_baseline(images: torch.Tensor, sigma: float) -> torch.Tensor:
    """Each image blurred by a Gaussian; beyond the border its weights are left out, so that borders do not darken.

    One product with a matrix along each axis, whose rows integrate the Gaussian over each pixel. (MONAI's
    ``GaussianFilter`` can neither be scripted nor exported.)

    Args:
        images: shape BCHW[D].
        sigma: standard deviation in pixels; Petsiuk et al. take 5 pixels of 224.

    Returns:
        blurred images, shape BCHW[D].
    """
    for axis in range(2, images.ndim):
        pixel = torch.arange(images.shape[axis], dtype=torch.float32, device=images.device)
        offset = (pixel - pixel.unsqueeze(1)) / (2**0.5 * sigma)
        half = 0.5 / (2**0.5 * sigma)
        weight = torch.erf(offset + half) - torch.erf(offset - half)
        weight = (weight / weight.sum(dim=1, keepdim=True)).to(images.dtype)
        images = (images.movedim(axis, -1) @ weight.t()).movedim(-1, axis)
    return images


class ZeroBaseline(nn.Module):
    """Zero, so that ``X' = theta * X`` (MED-TEX eq. 3). A dark lesion cannot be removed by it."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return zeros of the shape BCHW[D] of the images."""
        return torch.zeros_like(x)


class ConstantBaseline(nn.Module):
    """The same value everywhere.

    Args:
        value: one for all channels, or one for each.
    """

    def __init__(self, value: float | Sequence[float]) -> None:
        super().__init__()
        self.value = nn.Buffer(torch.as_tensor(value, dtype=torch.float32).reshape(-1), persistent=False)

    def extra_repr(self) -> str:
        """Show the settings."""
        return f"value={self.value.tolist()}"

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Spread the value.

        Args:
            x: images, shape BCHW[D].

        Returns:
            the value everywhere, shape BCHW[D].

        Raises:
            InputError: When there is a value for each channel, but of another number of channels.
        """
        if len(self.value) not in (1, x.shape[1]):
            raise InputError(f"a baseline has values for {len(self.value)} channels but the images have {x.shape[1]}.")
        return self.value.to(x).view([1, -1] + [1] * (x.ndim - 2)).expand_as(x)


class MeanBaseline(nn.Module):
    """Each image's mean colour everywhere, see :func:`mean_baseline`."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the mean of each image and channel, shape BCHW[D], of images of shape BCHW[D]."""
        return mean_baseline(x)


class BlurBaseline(nn.Module):
    """Each image blurred, see :func:`blur_baseline`.

    Args:
        sigma: standard deviation in pixels.

    Raises:
        InputError: When ``sigma`` is not positive.
    """

    def __init__(self, sigma: float) -> None:
        super().__init__()
        if sigma <= 0:
            raise InputError(f"sigma must be positive but is {sigma}.")
        self.sigma = float(sigma)

    def extra_repr(self) -> str:
        """Show the settings."""
        return f"sigma={self.sigma}"

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return blurred images, shape BCHW[D], of images of shape BCHW[D]."""
        return blur_baseline(x, self.sigma)


class NoiseBaseline(nn.Module):
    """Gaussian noise, drawn anew for every pixel and channel in training; in eval mode its mean.

    Args:
        mean: one for all channels, or one for each.
        std: standard deviation, one for all channels, or one for each.

    Raises:
        InputError: When ``std`` is negative.
    """

    def __init__(self, mean: float | Sequence[float], std: float | Sequence[float]) -> None:
        super().__init__()
        self.mean = ConstantBaseline(mean)
        self.std = ConstantBaseline(std)
        if (self.std.value < 0).any():
            raise InputError(f"std must not be negative but is {std}.")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the noise, or its mean, shape BCHW[D], for images of shape BCHW[D]."""
        mean = self.mean(x)
        return mean + self.std(x) * torch.randn_like(x) if self.training else mean


class RandomBaseline(nn.Module):
    """In training one of several baselines, drawn for each image; in eval mode the first.

    A network that has met many baselines cannot take the look of one of them for evidence.

    Args:
        baselines: modules that map BCHW[D] to BCHW[D].

    Raises:
        InputError: When there is none.
    """

    def __init__(self, baselines: Sequence[nn.Module]) -> None:
        super().__init__()
        if not baselines:
            raise InputError("baselines must name at least one but is empty.")
        self.baselines = nn.ModuleList(baselines)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return each image's baseline, shape BCHW[D], for images of shape BCHW[D]."""
        if not self.training:
            return self.baselines[0](x)
        drawn = torch.randint(len(self.baselines), (x.shape[0],), device=x.device)
        return torch.stack([baseline(x) for baseline in self.baselines])[drawn, torch.arange(x.shape[0])]
