# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from monai_medtex.metrics import percentile_interval

from .comparison_rows import IOU_COLUMNS, Failed, Row, failure, mean_and_std, of_method, seeds
from .map_scores import MAP_METRICS, MapScores, has_map

__all__ = ["map_failures", "map_table"]


def map_failures(rows: Sequence[Row], methods: Sequence[str], fraction: float | None, failed: Failed) -> dict[str, str]:
    """Return the reason for each method that has no row at all at this fraction since it failed.

    One that has rows elsewhere, none of them with a map, makes no maps and is not named.
    """
    maker = {row["method"] for row in rows if has_map(row)}
    mapless = {row["method"] for row in rows} - maker
    broken = (method for method in methods if method not in mapless and not of_method(rows, method, fraction))
    reasons = {method: failure(failed, method, fraction) for method in broken}
    return {method: reason for method, reason in reasons.items() if reason}


def map_table(scores: MapScores, methods: Sequence[str], broken: Mapping[str, str]) -> list[Row]:
    """Judge the maps.

    Args:
        scores: of one fraction.
        methods: display names in order.
        broken: methods without any map to the reason, see :func:`map_failures`.

    Returns:
        per method, for each of :data:`MAP_METRICS` and each IoU at top K, the mean over the images of the per-image
        means over seeds, and with the endings ``_low`` and ``_high`` its 95 % interval, ``_std`` the standard deviation
        (n - 1) of the seeds' means; with ``seeds`` and ``images``, numbers of them. A broken method
        has ``failed`` instead.
    """
    columns = [*(metric.name for metric in MAP_METRICS), *IOU_COLUMNS]
    figures: dict[str, Row] = {method: _counts(scores, method) for method in scores.methods}
    for column in columns:
        means, resampled = scores.values(column).nanmean(dim=0), scores.draws(column)
        for index, method in enumerate(scores.methods):
            low, high = percentile_interval(resampled[:, index])
            figures[method] |= {column: float(means[index]), f"{column}_low": float(low), f"{column}_high": float(high)}
            figures[method][f"{column}_std"] = _spread(scores, method, column)
    figures |= {method: {"failed": reason} for method, reason in broken.items()}
    return [
        {"fraction": scores.fraction, "method": method, **figures[method]} for method in methods if method in figures
    ]


def _counts(scores: MapScores, method: str) -> Row:
    own = scores.rows[method]
    return {"seeds": len(seeds(own)), "images": len({row["image"] for row in own})}


def _spread(scores: MapScores, method: str, column: str) -> float:
    own = scores.rows[method]
    runs = [[row.get(column, math.nan) for row in own if row["seed"] == seed] for seed in seeds(own)]
    return mean_and_std([mean_and_std(run)[0] for run in runs])[1]
