# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from monai.utils import optional_import

from monai_medtex.metrics import pixel_scores

from .compared_image import ComparedImage
from .image_panels import image_grid, screen
from .lesion_boxes import Box, lesion_boxes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle
else:
    Rectangle, _ = optional_import("matplotlib.patches", name="Rectangle")

__all__ = ["theta_figure"]

BOXES = (("#00CCFF", "-"), ("#FFE600", "--"), ("#FF4040", "-."))  # blue, yellow, red, and by their strokes


def theta_figure(samples: Sequence[ComparedImage], methods: Sequence[str] = ("MED-EX", "MED-TEX")) -> Figure:
    """Draw theta of two explainers on one scale from 0 to 1 beside the image, as the paper's figure 4.

    Boxes bound the three largest lesions, the same in every panel: blue, yellow and red from the largest on.

    Args:
        samples: the images, each with a map in [0, 1] of every method.
        methods: display names.

    Returns:
        a figure of matplotlib.
    """
    size = (2.3 * (len(methods) + 1) + 0.9, 2.2 * len(samples) + 0.4)
    figure, axes = image_grid(len(samples), len(methods) + 1, size)
    for row, sample in zip(axes, samples, strict=True):
        row[0].imshow(screen(sample.image))
        row[0].set_ylabel(sample.name, fontsize=8)
        for axis, method in zip(row[1:], methods, strict=True):
            shown = axis.imshow(pixel_scores(sample.maps[method][None])[0, 0].mT, cmap="gray", vmin=0, vmax=1)
        boxes = lesion_boxes(sample.lesion, len(BOXES))
        for axis in row:
            _frame(axis, boxes)
    for axis, title in zip(axes[0], ["image", *methods], strict=True):
        axis.set_title(title, fontsize=10)
    figure.colorbar(shown, ax=axes[:, 1:].ravel().tolist(), shrink=0.6, aspect=30, label="theta", panchor=False)
    return figure


def _frame(axis: Axes, boxes: Sequence[Box]) -> None:
    for (x, y, width, height), (colour, stroke) in zip(boxes, BOXES, strict=False):
        corner = (x - 1.0, y - 1.0)  # pixel centres are whole numbers: half a pixel of air around the lesion
        axis.add_patch(Rectangle(corner, width + 1, height + 1, fill=False, edgecolor=colour, linestyle=stroke))
