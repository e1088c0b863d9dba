# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .comparison_rows import Failed, Row
from .map_scores import iou_levels, map_levels, map_scores
from .map_table import map_failures, map_table
from .pairwise_table import pairwise_table

__all__ = ["MapPart", "map_part"]


class MapPart(NamedTuple):
    """What is said of the maps of one fraction.

    Attributes:
        fraction: of the training images.
        rows: of :func:`~monai_medtex.reporting.map_table`.
        pairs: of :func:`~monai_medtex.reporting.pairwise_table`.
        levels: of :func:`~monai_medtex.reporting.map_levels`.
        iou_levels: of :func:`~monai_medtex.reporting.iou_levels`.
    """

    fraction: float | None
    rows: list[Row]
    pairs: list[Row]
    levels: Row
    iou_levels: dict[str, list[float]]


def map_part(
    rows: Sequence[Row], methods: Sequence[str], fraction: float | None, failed: Failed, reference: str
) -> MapPart:
    """Judge and test the maps of one fraction."""
    scores = map_scores(rows, methods, fraction)
    judged = map_table(scores, methods, map_failures(rows, methods, fraction, failed))
    return MapPart(fraction, judged, pairwise_table(scores, reference), map_levels(scores), iou_levels(scores))
