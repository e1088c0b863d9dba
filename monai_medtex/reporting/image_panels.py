# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from monai.utils import optional_import

from monai_medtex.metrics import pixel_scores, topk_mask, topk_pixels

from .overlay import LESION, contour

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine
else:
    Figure, _ = optional_import("matplotlib.figure", name="Figure")
    ConstrainedLayoutEngine, _ = optional_import("matplotlib.layout_engine", name="ConstrainedLayoutEngine")

__all__ = ["image_grid", "marked_region", "screen", "top_region"]

DIMMED = 0.4


def screen(image: torch.Tensor) -> torch.Tensor:
    """Turn an image CWH with one or three channels into what screens show, HW3 in [0, 1]."""
    return image.expand(3, -1, -1).mT.permute(1, 2, 0).clamp(0, 1)


def top_region(scores: torch.Tensor, k: int) -> torch.Tensor:
    """Mark the K highest-scoring pixels, for the paper's k, of a map 1WH or CWH; Boolean 1WH."""
    batch = pixel_scores(scores[None])
    return topk_mask(batch, topk_pixels(batch.shape[2:], k))[0]


def marked_region(image: torch.Tensor, region: torch.Tensor, lesion: torch.Tensor) -> torch.Tensor:
    """Show a region in white on the dimmed image, and the contour of the lesion in blue, as the paper does.

    Args:
        image: shape CWH, in [0, 1].
        region: Boolean, shape 1WH.
        lesion: shape 1WH; empty where there is none.

    Returns:
        RGB image HW3.
    """
    marked = screen(image) * DIMMED
    marked[region[0].mT] = 1.0
    marked[contour(lesion > 0.5)[0].mT] = torch.tensor(LESION)
    return marked


def image_grid(rows: int, columns: int, size: tuple[float, float]) -> tuple[Figure, np.ndarray]:
    """Return an empty figure of a size in inches and its panels without ticks, shape (rows, columns)."""
    figure = Figure(
        figsize=size, layout=ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.02, wspace=0, hspace=0, compress=True)
    )
    axes = figure.subplots(rows, columns, squeeze=False)
    for axis in axes.flat:
        axis.set_xticks([])
        axis.set_yticks([])
    return figure, axes
