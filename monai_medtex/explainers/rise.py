# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Iterator

import torch
from monai.visualize import default_upsampler
from torch import Tensor, nn

from monai_medtex.utils import InputError

from .partial_views import change_of_probability
from .studied import plain_images

__all__ = ["RISEMap"]


def _random_masks(
    spatial: torch.Size, masks: int, grid: int, keep: float, seed: int, batch_size: int
) -> Iterator[Tensor]:
    """Yield batches of smooth random masks, shape N1HW[D]: coarse random cells, upsampled, shifted by up to one."""
    generator = torch.Generator().manual_seed(seed)
    cells = [-(-side // grid) for side in spatial]
    upsample = default_upsampler([(grid + 1) * cell for cell in cells])
    for start in range(0, masks, batch_size):
        number = min(batch_size, masks - start)
        coarse = (torch.rand(number, 1, *[grid + 1] * len(cells), generator=generator) < keep).float()
        shifts = torch.stack([torch.randint(cell, (number,), generator=generator) for cell in cells], dim=1)
        yield torch.stack(
            [
                mask[(slice(None), *(slice(at, at + side) for at, side in zip(shift, spatial, strict=True)))]
                for mask, shift in zip(upsample(coarse), shifts.tolist(), strict=True)
            ]
        )


class RISEMap:
    """RISE (Petsiuk et al., BMVC 2018): how probable the class is when a pixel is shown, over random smooth masks.

    Hidden pixels are black. The score is the mean probability of the views, weighted by how far each shows the pixel,
    minus the probability of the whole image. Eq. 6 of the paper divides by the expected weight, the number of masks
    times ``keep``; here it is the true sum of the weights, so that a pixel which happens to be shown
    more often doesn't score higher. All images and calls have the same masks.

    Args:
        network: a classifier that maps BCHW[D] to logits BC.
        masks: number of masks; each costs a forward pass.
        grid: coarse cells along each axis of the image.
        keep: probability that a cell is shown.
        seed: seed of the masks.
        batch_size: masks in a forward pass.

    Raises:
        InputError: when ``masks`` or ``grid`` is below 1, or ``keep`` not between 0 and 1.
    """

    def __init__(
        self,
        network: nn.Module,
        masks: int = 500,
        grid: int = 8,
        keep: float = 0.5,
        seed: int = 0,
        batch_size: int = 16,
    ) -> None:
        if masks < 1 or grid < 1 or not 0 < keep < 1:
            raise InputError(f"RISE needs masks >= 1, grid >= 1, 0 < keep < 1 but has {masks}, {grid}, {keep}")
        self.network = network
        self.masks = masks
        self.grid = grid
        self.keep = keep
        self.seed = seed
        self.batch_size = batch_size

    def explain(self, images: Tensor) -> Tensor:
        """Return the scores, shape B1HW[D] in [-1, 1], of images of shape BCHW[D]."""
        images = plain_images(images)
        masks = _random_masks(images.shape[2:], self.masks, self.grid, self.keep, self.seed, self.batch_size)
        views = ((mask, mask) for mask in (mask.to(images) for mask in masks))
        return change_of_probability(self.network, images, torch.zeros_like(images), views)
