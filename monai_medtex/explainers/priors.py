# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""Maps that look at no network. Any explanation must beat them."""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

import torch
from monai.visualize import default_upsampler
from torch import Tensor

from monai_medtex.utils import InputError

from .studied import plain_images

__all__ = ["CentrePrior", "MeanMaskPrior", "RandomMap", "RawIntensity"]


class RandomMap:
    """Uniform noise, that of an image given by the seed and its own pixels: neither by the batch nor by earlier calls.

    Args:
        seed: seed of the noise.
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def explain(self, images: Tensor) -> Tensor:
        """Return the maps, shape B1HW[D] in [0, 1), of images of shape BCHW[D]."""
        images = plain_images(images)
        return torch.stack([self._noise(image) for image in images.cpu()]).to(images.device)

    def _noise(self, image: Tensor) -> Tensor:
        seed = crc32(image.contiguous().numpy().tobytes(), self.seed & 0xFFFFFFFF)
        return torch.rand(1, *image.shape[1:], generator=torch.Generator().manual_seed(seed))


class CentrePrior:
    """A Gaussian around the centre of the image: what photographers aim at.

    Args:
        sigma: standard deviation as a share of each side of the image.
    """

    def __init__(self, sigma: float = 0.25) -> None:
        self.sigma = sigma

    def explain(self, images: Tensor) -> Tensor:
        """Return the same map, shape B1HW[D] in (0, 1], for each of the images of shape BCHW[D]."""
        axes = [(2 * torch.arange(side) + 1 - side) / (2 * side * self.sigma) for side in images.shape[2:]]
        squares = sum(axis**2 for axis in torch.meshgrid(*axes, indexing="ij"))
        gaussian = torch.exp(-0.5 * torch.as_tensor(squares)).to(images.device)
        return gaussian.expand(len(images), 1, *gaussian.shape).clone()


class MeanMaskPrior:
    """The mean lesion mask of the training images: where lesions tend to be, whatever the image shows.

    Args:
        masks: training masks of one size in [0, 1], each of shape 1HW[D]; a tensor B1HW[D] is such a series.

    Raises:
        InputError: when there is no mask, or one has another shape.
    """

    def __init__(self, masks: Iterable[Tensor]) -> None:
        total, number = torch.zeros(()), 0
        for number, mask in enumerate(masks, start=1):
            if mask.ndim not in (3, 4) or len(mask) != 1 or (number > 1 and mask.shape != total.shape):
                raise InputError(f"masks must all have one shape 1HW[D] but number {number} has {tuple(mask.shape)}")
            total = total + plain_images(mask)
        if not number:
            raise InputError("masks must hold at least one mask but is empty")
        self.mean = total / number

    def explain(self, images: Tensor) -> Tensor:
        """Return the mean mask at their size, shape B1HW[D] in [0, 1], for each of the images of shape BCHW[D]."""
        mean = default_upsampler(images.shape[2:])(self.mean[None]).to(images.device)
        return mean.expand(len(images), *mean.shape[1:]).clone()


class RawIntensity:
    """The image itself, as the mean of its channels: bright means evidence."""

    def explain(self, images: Tensor) -> Tensor:
        """Return the brightness, shape B1HW[D], of images of shape BCHW[D]."""
        return plain_images(images).mean(dim=1, keepdim=True)
