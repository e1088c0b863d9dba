# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch

from monai_medtex.data.synthetic_fundus import draw_fundus
from monai_medtex.utils import OneLineError

__all__ = ["ParityError", "check_parity", "largest_differences", "synthetic_images"]

_BATCH = 8


class ParityError(OneLineError, RuntimeError):
    """A written file does not answer as the network that it was written from."""


def synthetic_images(image_shape: Sequence[int], count: int, seed: int = 0) -> torch.Tensor:
    """Draw fundus photographs, normal and abnormal in turn.

    Args:
        image_shape: CHW of one image, square; for other than 3 channels their mean stands in each.
        count: number of images.
        seed: of the drawing.

    Returns:
        images BCHW in [0, 1].
    """
    channels, width, _ = image_shape
    drawn = [draw_fundus(np.random.default_rng([seed, index]), width, index % 2 == 1)[0] for index in range(count)]
    images = torch.from_numpy(np.stack(drawn)).permute(0, 3, 2, 1).float() / 255
    return (images if channels == 3 else images.mean(1, keepdim=True).expand(-1, channels, -1, -1)).contiguous()


def _in_batches(answer: Callable[[torch.Tensor], tuple[torch.Tensor, ...]], images: torch.Tensor) -> list[torch.Tensor]:
    """Answer for one image, then for several at a time, so that the number of images is seen to be free."""
    batches = [images[:1], *images[1:].split(_BATCH)]
    with torch.no_grad():
        return [torch.cat(parts) for parts in zip(*map(answer, filter(len, batches)), strict=True)]


def largest_differences(
    answer: Callable[[torch.Tensor], tuple[torch.Tensor, ...]],
    expected: Callable[[torch.Tensor], tuple[torch.Tensor, ...]],
    images: torch.Tensor,
) -> list[float]:
    """Compare two functions on images, in batches of one and of several.

    Args:
        answer: maps images BCHW[D] to tensors, batch first.
        expected: likewise, with as many tensors.
        images: shape BCHW[D].

    Returns:
        the largest absolute difference of each tensor; NaN where either holds NaN.
    """
    pairs = zip(_in_batches(answer, images), _in_batches(expected, images), strict=True)
    return [float((found - wanted).abs().max()) for found, wanted in pairs]


def check_parity(file: str, differences: Mapping[str, float], images: int, tolerance: float) -> None:
    """Refuse a file that answers differently.

    Args:
        file: its name.
        differences: the largest one of each output.
        images: how many were tried.
        tolerance: the largest difference allowed.

    Raises:
        ParityError: When one is larger, or no number.
    """
    for output, difference in differences.items():
        if not difference <= tolerance:
            raise ParityError(
                f"{file} is not written: its {output} differ by {difference:.2g} from PyTorch's on {images} images, "
                f"more than the tolerance of {tolerance:g}"
            )
