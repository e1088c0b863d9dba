# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import torch
from torch.nn import functional as F

__all__ = ["lesion_boxes"]

Box = tuple[int, int, int, int]


def lesion_boxes(lesion: torch.Tensor, most: int = 3) -> list[Box]:
    """Bound the largest lesions of an image.

    Args:
        lesion: shape 1WH; pixels that touch, be it by a corner, belong to one lesion.
        most: number of lesions.

    Returns:
        ``(x, y, width, height)`` of each, in pixels, largest area first.
    """
    labels = _components(lesion[0] > 0.5)
    names, areas = labels[labels > 0].unique(return_counts=True)
    return [_box(labels == names[index]) for index in areas.argsort(descending=True, stable=True)[:most]]


def _components(mask: torch.Tensor) -> torch.Tensor:
    """Give every pixel of a component the same positive number: the highest one that it begins with wins."""
    labels = torch.arange(1, mask.numel() + 1, dtype=torch.float64).view(mask.shape) * mask
    while True:
        spread = F.max_pool2d(labels[None, None], kernel_size=3, stride=1, padding=1)[0, 0] * mask
        if torch.equal(spread, labels):
            return labels
        labels = spread


def _box(component: torch.Tensor) -> Box:
    low, high = component.nonzero().aminmax(dim=0)
    (x, y), (width, height) = low.tolist(), (high - low + 1).tolist()
    return x, y, width, height
