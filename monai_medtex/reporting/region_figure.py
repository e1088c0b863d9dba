# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .compared_image import ComparedImage
from .image_panels import image_grid, marked_region, screen, top_region

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["region_figure"]

ACROSS = 9  # methods beside the image, so that a page still shows each of them


def region_figure(samples: Sequence[ComparedImage], methods: Sequence[str], k: int = 6) -> Figure:
    """Draw the K highest-scoring pixels of every method in white and the lesion's contour, as the paper's figure 3.

    A row is an image, a column a method; more than nine methods go on in further blocks of rows.

    Args:
        samples: the images.
        methods: display names in order; one that has a map of no sample is left out.
        k: the paper's k, so that the region holds ``k / 64`` of the pixels.

    Returns:
        a figure of matplotlib.
    """
    shown = [method for method in methods if any(method in sample.maps for sample in samples)]
    blocks = math.ceil(len(shown) / ACROSS)
    across = math.ceil(len(shown) / blocks)
    size = (1.35 * (across + 1), blocks * (1.3 * len(samples) + 0.35))
    figure, axes = image_grid(blocks * len(samples), across + 1, size)
    for block in range(blocks):
        names = shown[block * across : (block + 1) * across]
        for index, sample in enumerate(samples):
            _draw(axes[block * len(samples) + index], sample, names, k)
        for axis, name in zip(axes[block * len(samples)], ["image", *names], strict=False):
            axis.set_title(name, fontsize=8)
    return figure


def _draw(row: Sequence[Axes], sample: ComparedImage, names: Sequence[str], k: int) -> None:
    row[0].imshow(screen(sample.image))
    row[0].set_ylabel(sample.name, fontsize=7)
    for axis, name in zip(row[1:], names, strict=False):
        if name in sample.maps:
            axis.imshow(marked_region(sample.image, top_region(sample.maps[name], k), sample.lesion))
        else:
            axis.set_axis_off()
    for axis in row[len(names) + 1 :]:
        axis.set_axis_off()
