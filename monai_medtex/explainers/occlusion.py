# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import torch
from torch import Tensor, nn

from monai_medtex.utils import InputError

from .partial_views import change_of_probability
from .studied import plain_images

__all__ = ["OcclusionMap"]


def _intervals(side: int, patch: int, stride: int) -> Tensor:
    """Mark the pixels of every interval along an axis, shape (N, side); the last one ends with the axis."""
    starts = torch.tensor(sorted({*range(0, side - patch, stride), side - patch}))[:, None]
    pixels = torch.arange(side)
    return (pixels >= starts) & (pixels < starts + patch)


def _patches(spatial: torch.Size, share: float, batch_size: int) -> Iterator[Tensor]:
    """Yield batches of masks, shape N1HW[D], that are 1 in one patch each."""
    sides = [max(1, round(side * share)) for side in spatial]
    axes = [_intervals(side, patch, max(1, patch // 2)) for side, patch in zip(spatial, sides, strict=True)]
    positions = torch.tensor(list(product(*(range(len(axis)) for axis in axes))))
    for chosen in positions.split(batch_size):
        mask = torch.ones(len(chosen), 1, *[1] * len(spatial))
        for number, axis in enumerate(axes):
            shape = [len(chosen), *[1] * (len(spatial) + 1)]
            shape[number + 2] = -1
            mask = mask * axis[chosen[:, number]].view(shape)
        yield mask


class OcclusionMap:
    """Occlusion (Zeiler and Fergus, ECCV 2014): how much the class's probability falls when a patch is hidden.

    A patch becomes the mean colour of its image, and moves by half its side; a pixel's score is the mean fall over the
    patches that cover it, and is negative where hiding it helps the class. It equals MONAI's ``OcclusionSensitivity``
    with the sign turned (that one's output is the class's probability, so low where a pixel matters), but takes
    batches and a mean for each channel, and does not choose between softmax and sigmoid by the image's channels.

    Args:
        network: a classifier that maps BCHW[D] to logits BC.
        patch: side of the patch as a share of the image's side; 1/8 gives about 225 patches in 2-D, whatever the size.
        batch_size: patches in a forward pass.

    Raises:
        InputError: when ``patch`` is not above 0 and at most 1.
    """

    def __init__(self, network: nn.Module, patch: float = 1 / 8, batch_size: int = 16) -> None:
        if not 0 < patch <= 1:
            raise InputError(f"patch must be a share of the image's side, above 0 and at most 1, but is {patch}")
        self.network = network
        self.patch = patch
        self.batch_size = batch_size

    def explain(self, images: Tensor) -> Tensor:
        """Return the falls in probability, shape B1HW[D] in [-1, 1], of images of shape BCHW[D]."""
        images = plain_images(images)
        mean = images.flatten(2).mean(dim=2).view(*images.shape[:2], *[1] * (images.ndim - 2))
        masks = (mask.to(images) for mask in _patches(images.shape[2:], self.patch, self.batch_size))
        return -change_of_probability(self.network, images, mean, ((1 - mask, mask) for mask in masks))
