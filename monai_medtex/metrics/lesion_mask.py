# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0
"""Which pixels belong to the lesion."""

from __future__ import annotations

from monai.utils import convert_to_tensor
from torch import Tensor

from ..utils import InputError

__all__ = ["OUTSIDE", "image_pixels", "lesion_beside", "lesion_pixels"]

OUTSIDE = -1.0  # what a mask holds where an image was padded, so that nothing is judged there


def lesion_pixels(lesion: Tensor) -> Tensor:
    """Mark the pixels above 0.5.

    Args:
        lesion: ground truth of shape B1HW[D].

    Returns:
        a Boolean table of the flattened spatial axes, shape (B, pixels).
    """
    return (convert_to_tensor(lesion, track_meta=False) > 0.5).flatten(1)


def image_pixels(lesion: Tensor) -> Tensor:
    """Mark the pixels of the image itself, all but those that padding added and that are :data:`OUTSIDE`.

    Args:
        lesion: ground truth of shape B1HW[D].

    Returns:
        a Boolean mask of shape B1HW[D].
    """
    return convert_to_tensor(lesion, track_meta=False) >= 0


def lesion_beside(scores: Tensor, lesion: Tensor) -> Tensor:
    """Mark the lesion's pixels, on the device of the scores, after a check that the two fit.

    Args:
        scores: shape BCHW[D].
        lesion: ground truth of shape B1HW[D]; a pixel above 0.5 belongs to the lesion.

    Returns:
        a Boolean table as :func:`lesion_pixels` gives it.

    Raises:
        InputError: when the shapes do not fit.
    """
    if lesion.shape != (len(scores), 1, *scores.shape[2:]):
        shapes = f"{tuple(lesion.shape)} beside scores of {tuple(scores.shape)}"
        raise InputError(f"lesion must be B1HW[D] of the size of the scores but has the shape {shapes}")
    return lesion_pixels(lesion).to(scores.device)
