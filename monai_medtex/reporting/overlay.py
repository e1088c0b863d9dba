# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import torch
from torch.nn import functional as F

__all__ = ["contour", "explained_strip", "heat_overlay"]

# Images come as MONAI's readers give them, shape CWH, and leave as screens show them, in rows and columns: 3HW.

HEAT = (1.0, 0.75, 0.0)
TOP_K = (1.0, 0.9, 0.0)
LESION = (0.0, 0.8, 1.0)


def contour(mask: torch.Tensor) -> torch.Tensor:
    """Return the inner edge, one pixel wide, of a mask of shape 1WH, as a bool tensor of that shape."""
    inside = mask.float()[None]
    eroded = -F.max_pool2d(-inside, kernel_size=3, stride=1, padding=1)
    return ((inside > 0.5) & (eroded < 0.5))[0]


def heat_overlay(image: torch.Tensor, theta: torch.Tensor, strength: float = 0.6) -> torch.Tensor:
    """Tint an image by theta, on the fixed scale from 0 (untouched) to 1.

    Args:
        image: shape CWH with one or three channels, in [0, 1].
        theta: shape 1WH or CWH, in [0, 1].
        strength: opacity of the tint where theta is 1.

    Returns:
        RGB image, shape 3HW, in [0, 1].
    """
    opacity = strength * theta.mean(dim=0, keepdim=True)
    return (_rgb(image) * (1 - opacity) + _colour(HEAT, image) * opacity).mT


def explained_strip(
    image: torch.Tensor, theta: torch.Tensor, top_k: torch.Tensor, lesion: torch.Tensor | None = None
) -> torch.Tensor:
    """Show image, theta, and the image with contours side by side.

    The contours are the top K pixels (yellow) and, where it is known, the lesion (blue).

    Args:
        image: shape CWH with one or three channels, in [0, 1].
        theta: shape 1WH or CWH, shown in grey from 0 (black) to 1 (white).
        top_k: bool, shape 1WH.
        lesion: bool, shape 1WH.

    Returns:
        RGB image, shape 3 x H x 3W, in [0, 1].
    """
    outlined = torch.where(contour(top_k), _colour(TOP_K, image), _rgb(image))
    if lesion is not None:
        outlined = torch.where(contour(lesion), _colour(LESION, image), outlined)
    return torch.cat([_rgb(image), _rgb(theta.mean(dim=0, keepdim=True)), outlined], dim=1).mT


def _rgb(image: torch.Tensor) -> torch.Tensor:
    return image.expand(3, -1, -1) if image.shape[0] == 1 else image


def _colour(colour: tuple[float, float, float], like: torch.Tensor) -> torch.Tensor:
    return torch.tensor(colour, dtype=like.dtype, device=like.device).view(3, 1, 1)
