# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from monai_medtex.utils import atomic_write

from .compared_image import ComparedImage
from .comparison_rows import Row
from .explained_figure import has_matplotlib
from .iou_figure import iou_figure
from .region_figure import region_figure
from .selection_figure import selection_figure
from .theta_figure import theta_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["ReportFigure", "comparison_figures", "save_figure"]

VARIANT = "MED-EX"  # what the paper's figure 4 sets beside the method


class ReportFigure(NamedTuple):
    """A figure of the report.

    Attributes:
        name: of the file, without suffix.
        caption: what it shows.
        lacking: why it cannot be drawn, empty if it can.
        draw: draws it.
    """

    name: str
    caption: str
    lacking: str
    draw: Callable[[], Figure]


def comparison_figures(
    table: Sequence[Row],
    levels: Mapping[str, Sequence[float]],
    samples: Sequence[ComparedImage],
    methods: Sequence[str],
    reference: str,
) -> list[ReportFigure]:
    """Prepare the paper's figures 2 to 5.

    Args:
        table: of :func:`~monai_medtex.reporting.map_table`, of one fraction.
        levels: of :func:`~monai_medtex.reporting.iou_levels`, of the same.
        samples: images with their maps.
        methods: display names in order.
        reference: the method to stand out.
    """
    overlap = any(row.get("iou_top1", 0.0) == row.get("iou_top1") for row in table)
    own = [sample for sample in samples if reference in sample.maps]
    both = [sample for sample in own if VARIANT in sample.maps]
    mapped = [sample for sample in samples if sample.maps]
    figures = [
        ReportFigure(
            "fig2",
            "Figure 2. Overlap of the highest-scoring pixels with the lesion, for six sizes of the selection.",
            "" if overlap else "no image with a lesion has a map",
            lambda: iou_figure(table, levels, reference),
        ),
        ReportFigure(
            "fig3",
            "Figure 3. White: the highest-scoring 6/64 of the pixels by each method. Blue: contour of the lesion.",
            "" if mapped else "there is no sample image with a map",
            lambda: region_figure(mapped, methods),
        ),
        ReportFigure(
            "fig4",
            f"Figure 4. Theta of {VARIANT} and {reference} on one scale. Boxes: the three largest lesions.",
            "" if both else f"there is no sample image with maps of both {VARIANT} and {reference}",
            lambda: theta_figure(both, (VARIANT, reference)),
        ),
        ReportFigure(
            "fig5",
            f"Figure 5. {reference}: lesion (blue contour), theta from 0 (black) to 1 (white), and the "
            "highest-scoring k/64 of the pixels (white).",
            "" if own else f"there is no sample image with a map of {reference}",
            lambda: selection_figure(own, reference),
        ),
    ]
    return figures if has_matplotlib else [figure._replace(lacking="matplotlib is not installed") for figure in figures]


def save_figure(figure: ReportFigure, folder: Path) -> bytes:
    """Write a figure in one step, or remove an old one in place of one that lacks something; return the PNG's bytes."""
    path = folder / f"{figure.name}.png"
    if figure.lacking:
        path.unlink(missing_ok=True)
        return b""
    with atomic_write(path) as temporary:
        figure.draw().savefig(temporary, dpi=150, bbox_inches="tight", pad_inches=0.05)
    return path.read_bytes()
