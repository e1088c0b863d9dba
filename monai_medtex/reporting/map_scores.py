# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import torch

from monai_medtex.metrics import PAPER_KS, bootstrap_means
from monai_medtex.metrics.topk_selection import STEPS

from .comparison_rows import Row, mean_and_std

__all__ = ["MAP_METRICS", "MapMetric", "MapScores", "has_map", "iou_levels", "map_levels", "map_scores"]


class MapMetric(NamedTuple):
    """A figure of one map and one image.

    Attributes:
        name: its column.
        title: how tables call it.
        higher_is_better: otherwise lower is.
    """

    name: str
    title: str
    higher_is_better: bool = True


MAP_METRICS = (
    MapMetric("iou_mean", f"IoU, k = {PAPER_KS[0]}..{PAPER_KS[-1]}"),
    MapMetric("hit", "Hit rate"),
    MapMetric("mass_accuracy", "Mass in lesion"),
    MapMetric("mass_lift", "Lift of mass"),
    MapMetric("auprc", "Pixel AUPRC"),
    MapMetric("auroc", "Pixel AUROC"),
    MapMetric("deletion", "Deletion", higher_is_better=False),
    MapMetric("insertion", "Insertion"),
    MapMetric("road", "ROAD"),
)


class MapScores(NamedTuple):
    """The maps of one fraction, image by image.

    Attributes:
        rows: of the images that are judged, by method.
        methods: those that have maps.
        images: names.
        groups: what the bootstrap draws, per image: the patient where known, else the image.
        fraction: of the training images.
    """

    rows: dict[str, list[Row]]
    methods: list[str]
    images: list[str]
    groups: list[Hashable]
    fraction: float | None

    def shared(self, *methods: str) -> MapScores:
        """Keep of some methods the rows of those seeds and images that each of them has."""
        common = set.intersection(*({_judged(row) for row in self.rows[method]} for method in methods))
        rows = {method: [row for row in self.rows[method] if _judged(row) in common] for method in methods}
        return self._replace(rows=rows, methods=list(methods))

    def values(self, column: str) -> torch.Tensor:
        """Mean over seeds per image and method, shape (images, methods), NaN where unknown."""
        position = {image: index for index, image in enumerate(self.images)}
        values = torch.full((len(self.images), len(self.methods)), math.nan, dtype=torch.float64)
        for column_index, method in enumerate(self.methods):
            cells: dict[str, list[float]] = {}
            for row in self.rows[method]:
                cells.setdefault(row["image"], []).append(row.get(column, math.nan))
            for image, known in cells.items():
                values[position[image], column_index] = mean_and_std(known)[0]
        return values

    def draws(self, column: str) -> torch.Tensor:
        """Bootstrap means, the same draw of images for every method and column, shape (draws, methods)."""
        return bootstrap_means(self.values(column), self.groups)


def _judged(row: Row) -> tuple[int | None, str]:
    return row["seed"], row["image"]


def map_scores(rows: Sequence[Row], methods: Sequence[str], fraction: float | None) -> MapScores:
    """Choose the images on which maps are judged.

    These are the images with a lesion that the teacher classifies as labelled, or, where no label is known, as anything
    but class 0, "normal"; of a data set without any lesion, all.

    Args:
        rows: as :func:`~monai_medtex.reporting.comparison_rows.parse_rows` gives them.
        methods: display names in order.
        fraction: of the training images; rows without fraction belong to each.

    Returns:
        the judged rows; methods that have no map are left out.
    """
    mapped = [row for row in rows if row["fraction"] in (fraction, None) and has_map(row)]
    if any(_has_lesion(row) for row in mapped):
        mapped = [row for row in mapped if _has_lesion(row) and _recognised(row)]
    groups: dict[str, Hashable] = {}
    for row in mapped:
        groups.setdefault(row["image"], ("patient", row["patient"]) if row["patient"] else row["image"])
    by_method: dict[str, list[Row]] = {method: [] for method in methods}
    for row in mapped:
        by_method[row["method"]].append(row)
    kept = {method: own for method, own in by_method.items() if own}
    return MapScores(kept, list(kept), list(groups), list(groups.values()), fraction)


def has_map(row: Row) -> bool:
    """Whether the row judges a map."""
    return any(not math.isnan(row.get(metric.name, math.nan)) for metric in MAP_METRICS)


def _has_lesion(row: Row) -> bool:
    return row.get("lesion_share", math.nan) > 0 or not math.isnan(row["iou_mean"])


def _recognised(row: Row) -> bool:
    label, answer = row.get("label", math.nan), row.get("teacher_class", math.nan)
    return answer > 0 if math.isnan(label) else answer == label


def map_levels(scores: MapScores) -> Row:
    """Say what the maps are to be measured by.

    Returns:
        ``images``, ``groups`` (patients, or images without one), ``altered`` (images of which deletion, insertion or
        ROAD is known), and the means over the images of ``lesion_share`` (the chance level of hit rate, mass and
        AUPRC), ``iou_chance`` and ``iou_ceiling``.
    """
    names = ("lesion_share", "iou_chance", "iou_ceiling")
    means = {name: mean_and_std([row.get(name, math.nan) for row in _first_rows(scores)])[0] for name in names}
    altered = {
        row["image"]
        for own in scores.rows.values()
        for row in own
        if not all(math.isnan(row.get(name, math.nan)) for name in ("deletion", "insertion", "road"))
    }
    return {"images": len(scores.images), "groups": len(set(scores.groups)), "altered": len(altered), **means}


def iou_levels(scores: MapScores) -> dict[str, list[float]]:
    """Return ``chance`` and ``ceiling`` of the IoU at each k, means over the images, from the lesions' shares alone."""
    shares = torch.tensor([row.get("lesion_share", math.nan) for row in _first_rows(scores)], dtype=torch.float64)
    selected = (torch.tensor(PAPER_KS, dtype=torch.float64) / STEPS)[:, None]
    chance = selected * shares / (selected + shares - selected * shares)
    ceiling = torch.minimum(selected, shares) / torch.maximum(selected, shares)
    return {"chance": chance.nanmean(dim=1).tolist(), "ceiling": ceiling.nanmean(dim=1).tolist()}


def _first_rows(scores: MapScores) -> list[Row]:
    return list({row["image"]: row for own in scores.rows.values() for row in own}.values())
