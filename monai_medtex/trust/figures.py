# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from monai.utils import optional_import
from torch import Tensor

from monai_medtex.metrics import pixel_scores
from monai_medtex.reporting.image_panels import image_grid, screen

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
else:
    Figure, _ = optional_import("matplotlib.figure", name="Figure")

__all__ = ["alarm_figure", "curve_figure", "faithful_figure", "maps_figure", "resemblance_figure"]

Found = Mapping[str, Any]

# of Okabe and Ito, told apart by all kinds of colour vision and by their lightness
THETA, RANDOM, OTHER, LESION = "#D55E00", "#8FB8D8", "#0072B2", "#009E73"
FLAT = {  # lines that do not depend on the area
    "whole": ("EVAL-X, whole image", "#000000", "-"),
    "theta": ("EVAL-X, what the student sees", THETA, "--"),
    "lesion": ("EVAL-X, lesion alone (images with one)", LESION, ":"),
    "empty": ("EVAL-X, nothing shown", "#999999", "-."),
}
NAMES = {"theta": "theta", "random": "random map", "grad_cam": "Grad-CAM"}


def curve_figure(found: Found) -> Figure:
    """Draw the agreement of EVAL-X with the teacher against the area that it is shown."""
    figure = Figure(figsize=(7.5, 4.4), layout="constrained")
    axis = figure.subplots()
    lines = (("top", "EVAL-X, highest theta", THETA, 0.97), ("random", "EVAL-X, random patches", RANDOM, 1.03))
    for line, title, colour, aside in lines:
        rows = [row for row in found["curve"] if row["line"] == line]
        areas = [100 * row["area"] * aside for row in rows]
        axis.plot(areas, [row["agreement"] for row in rows], marker="o", color=colour, label=title)
        low, high = ([row[f"agreement_{end}"] for row in rows] for end in ("low", "high"))
        axis.vlines(areas, low, high, color=colour)
    for row in found["curve"]:
        if row["line"] in FLAT:
            title, colour, stroke = FLAT[row["line"]]
            axis.axhline(row["agreement"], color=colour, linestyle=stroke, linewidth=1.3, label=title)
    axis.axhline(found["own"]["mean"], color=OTHER, linewidth=1.3, label="student, what it sees")
    axis.set_xscale("log")
    ticks = [100 * row["area"] for row in found["curve"] if row["line"] == "top"]
    axis.set_xticks(ticks, [f"{tick:g} %" for tick in ticks])
    axis.minorticks_off()
    axis.set_xlabel("share of the image that is shown")
    axis.set_ylabel("agreement with the teacher")
    axis.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    return figure


def alarm_figure(found: Found) -> Figure:
    """Draw the gap and the probe's advantage with their intervals and limits."""
    figure = Figure(figsize=(7.0, 1.9), layout="constrained")
    axis = figure.subplots()
    limits = (found["alarm"]["alarm_gap"], found["alarm"]["alarm_probe"])
    names = (
        "student minus EVAL-X,\nsame masked images",
        f"class read from theta alone\nminus {found['probe']['control']} alone",
    )
    for place, (estimate, limit) in enumerate(zip((found["gap"], found["probe"]["advantage"]), limits, strict=True)):
        _interval(axis, estimate["mean"], estimate["low"], estimate["high"], place, THETA)
        axis.plot([limit, limit], [place - 0.3, place + 0.3], color="#000000", linestyle="--", linewidth=1.2)
    axis.set_yticks((0, 1), names, fontsize=8)
    axis.set_ylim(1.6, -0.6)
    axis.axvline(0, color="#999999", linewidth=0.8)
    axis.set_xlabel("difference of agreement, with its 95 % interval    dashed: the limit", fontsize=9)
    return figure


def faithful_figure(found: Found) -> Figure:
    """Draw deletion, insertion and ROAD of each map."""
    figure = Figure(figsize=(8.5, 2.2), layout="constrained")
    rows = found["faithful"]["table"]
    titles = {
        "deletion": "deletion (low is good)",
        "insertion": "insertion (high is good)",
        "road": "ROAD (high is good)",
    }
    for axis, (measure, title) in zip(figure.subplots(1, 3, sharey=True), titles.items(), strict=True):
        for place, row in enumerate(rows):
            colour = THETA if row["map"] == "theta" else OTHER
            _interval(axis, row[measure], row[f"{measure}_low"], row[f"{measure}_high"], place, colour)
        axis.set_title(title, fontsize=9, loc="left")
        axis.set_yticks(range(len(rows)), [NAMES[row["map"]] for row in rows], fontsize=8)
    axis.set_ylim(len(rows) - 0.5, -0.5)
    return figure


def resemblance_figure(found: Found, must_differ: bool) -> Figure:
    """Draw how much the maps of retrainings resemble the real ones, beside maps of different images."""
    rows = [row for row in found["retrained"] if row["must_differ"] == must_differ]
    measures = {"ssim": "SSIM"} if must_differ else {"ssim": "SSIM", "spearman": "rank correlation"}
    figure = Figure(figsize=(3.8 * len(measures) + 1.2, 0.5 * len(rows) + 1.0), layout="constrained")
    axes = figure.subplots(1, len(measures), sharey=True, squeeze=False)[0]
    for axis, (measure, title) in zip(axes, measures.items(), strict=True):
        for place, row in enumerate(rows):
            _interval(axis, row[measure], row[f"{measure}_low"], row[f"{measure}_high"], place, THETA)
        axis.axvline(found["pairs"][measure], color="#000000", linestyle="--", linewidth=1.2)
        axis.set_xlabel(f"{title} with the real maps    dashed: different images", fontsize=8)
        axis.set_yticks(range(len(rows)), [row["title"] for row in rows], fontsize=8)
    axes[0].set_ylim(len(rows) - 0.5, -0.5)
    return figure


def maps_figure(images: Sequence[Tensor], maps: Mapping[str, Tensor], titles: Mapping[str, str]) -> Figure:
    """Draw the maps of some images, all on the one scale from 0 to 1.

    Args:
        images: shape CWH each.
        maps: by training, shape BCWH.
        titles: of the trainings.
    """
    figure, axes = image_grid(len(images), len(maps) + 1, (1.75 * (len(maps) + 1) + 0.8, 1.75 * len(images) + 0.5))
    for number, (row, image) in enumerate(zip(axes, images, strict=True)):
        row[0].imshow(screen(image))
        for axis, found in zip(row[1:], maps.values(), strict=True):
            drawn = axis.imshow(pixel_scores(found[number][None])[0, 0].mT, cmap="gray", vmin=0, vmax=1)
    for axis, title in zip(axes[0], ["image", *(titles[name] for name in maps)], strict=True):
        axis.set_title(title, fontsize=8, wrap=True)
    figure.colorbar(drawn, ax=axes[:, 1:].ravel().tolist(), shrink=0.7, aspect=30, label="theta", panchor=False)
    return figure


def _interval(axis: Axes, mean: float, low: float, high: float, place: float, colour: str) -> None:
    axis.plot([low, high], [place, place], color=colour, linewidth=2)
    axis.plot([mean], [place], marker="o", color=colour)
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(axis="x", linewidth=0.4)
