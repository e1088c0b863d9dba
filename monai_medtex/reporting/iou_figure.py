# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from monai.utils import optional_import

from monai_medtex.metrics import PAPER_KS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
else:
    Figure, _ = optional_import("matplotlib.figure", name="Figure")

__all__ = ["iou_figure"]

# of Okabe and Ito, told apart by all kinds of colour vision and by their lightness
OWN, OTHER, CHANCE, CEILING = "#D55E00", "#8FB8D8", "#000000", "#009E73"
COLUMNS = 3


def iou_figure(
    table: Sequence[Mapping[str, Any]], levels: Mapping[str, Sequence[float]], reference: str = "MED-TEX"
) -> Figure:
    """Draw the mean IoU of every method at each k, a panel for each k, with 95 % intervals, as the paper's figure 2.

    The bars lie and carry their methods' names, so that any number of methods can be told apart without colours.

    Args:
        table: rows of :func:`~monai_medtex.reporting.map_table`; those that failed are left out.
        levels: ``chance`` and ``ceiling``, the mean over the images for each k.
        reference: the method to stand out.

    Returns:
        a figure of matplotlib.
    """
    rows = [row for row in table if "failed" not in row and not math.isnan(row["iou_top1"])]
    lines = math.ceil(len(PAPER_KS) / COLUMNS)
    figure = Figure(figsize=(11, lines * (0.24 * len(rows) + 1.1) + 0.4), layout="constrained")
    axes = figure.subplots(lines, COLUMNS, sharex=True, sharey=True, squeeze=False)
    for axis, k, chance, ceiling in zip(axes.flat, PAPER_KS, levels["chance"], levels["ceiling"], strict=True):
        _bars(axis, rows, f"iou_top{k}", reference)
        axis.axvline(chance, color=CHANCE, linestyle="--", linewidth=1.2)
        axis.axvline(ceiling, color=CEILING, linestyle=":", linewidth=1.8)
        axis.set_title(f"k = {k}  (chance {chance:.3f}, ceiling {ceiling:.3f})", fontsize=9, loc="left")
    axes[0, 0].set_xlim(0, _right(rows, levels["chance"]))
    axes[0, 0].invert_yaxis()
    figure.supxlabel(
        "mean IoU of the k/64 highest-scoring pixels and the lesion, with its 95 % interval\n"
        "dashed: as many random pixels    dotted, where in sight: the most that so many pixels can reach",
        fontsize=9,
    )
    return figure


def _bars(axis: Axes, rows: Sequence[Mapping[str, Any]], column: str, reference: str) -> None:
    means = [row[column] for row in rows]
    below = [max(0.0, row[column] - row[f"{column}_low"]) for row in rows]
    above = [max(0.0, row[f"{column}_high"] - row[column]) for row in rows]
    names = [row["method"] for row in rows]
    colours = [OWN if name == reference else OTHER for name in names]
    axis.barh(names, means, xerr=[below, above], color=colours, height=0.75, error_kw={"linewidth": 1, "capsize": 2})
    axis.tick_params(labelsize=8)
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(axis="x", linewidth=0.4)
    axis.set_axisbelow(True)


def _right(rows: Sequence[Mapping[str, Any]], chance: Sequence[float]) -> float:
    ends = [row[f"iou_top{k}_high"] for row in rows for k in PAPER_KS]
    return min(1.0, 1.08 * max(end for end in (*ends, *chance) if not math.isnan(end)))
