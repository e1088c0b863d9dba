# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from monai_medtex.metrics import PAPER_KS, pixel_scores

from .compared_image import ComparedImage
from .image_panels import image_grid, marked_region, screen, top_region
from .overlay import LESION, contour

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["selection_figure"]


def selection_figure(samples: Sequence[ComparedImage], method: str = "MED-TEX") -> Figure:
    """Draw the lesion, theta on the scale from 0 to 1, and the top K pixels for k = 1..6, as the paper's figure 5.

    Args:
        samples: the images, each with a map in [0, 1] of the method.
        method: display name.

    Returns:
        a figure of matplotlib.
    """
    columns = len(PAPER_KS) + 2
    figure, axes = image_grid(len(samples), columns, (1.45 * columns, 1.42 * len(samples) + 0.3))
    for row, sample in zip(axes, samples, strict=True):
        _draw(row, sample, method)
    for axis, title in zip(axes[0], ["lesion", "theta", *(f"k = {k}" for k in PAPER_KS)], strict=True):
        axis.set_title(title, fontsize=9)
    return figure


def _draw(row: Sequence[Axes], sample: ComparedImage, method: str) -> None:
    theta = sample.maps[method]
    outlined = screen(sample.image).clone()
    outlined[contour(sample.lesion > 0.5)[0].mT] = outlined.new_tensor(LESION)
    row[0].imshow(outlined)
    row[0].set_ylabel(sample.name, fontsize=7)
    row[1].imshow(pixel_scores(theta[None])[0, 0].mT, cmap="gray", vmin=0, vmax=1)
    for axis, k in zip(row[2:], PAPER_KS, strict=True):
        axis.imshow(marked_region(sample.image, top_region(theta, k), sample.lesion))
