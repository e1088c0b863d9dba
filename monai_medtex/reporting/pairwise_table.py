# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math

from monai_medtex.metrics import paired_p_value, percentile_interval

from .comparison_rows import Row
from .map_scores import MAP_METRICS, MapMetric, MapScores

__all__ = ["pairwise_table"]


def pairwise_table(scores: MapScores, reference: str, draws: int = 1000) -> list[Row]:
    """Test a method against every other one on the same draws of images.

    Args:
        scores: of one fraction.
        reference: the method.
        draws: of the bootstrap.

    Returns:
        per metric and other method: ``difference`` of the means, reference minus other; ``low`` and ``high``, its 95 %
        interval; ``p_value``, two-sided, not corrected for the number of tests; ``best_other``, whether the other one
        is the best of them by this metric. Empty where the reference has no map.
    """
    if reference not in scores.methods:
        return []
    return [row for metric in MAP_METRICS for row in _tests(scores, metric, reference, draws)]


def _tests(scores: MapScores, metric: MapMetric, reference: str, draws: int) -> list[Row]:
    own = scores.methods.index(reference)
    means, resampled = scores.values(metric.name).nanmean(dim=0), scores.draws(metric.name, draws)
    known = [index for index, mean in enumerate(means.tolist()) if not math.isnan(mean)]
    others = [index for index in known if index != own]
    if own not in known or not others:
        return []
    best = (max if metric.higher_is_better else min)(others, key=lambda index: float(means[index]))
    rows = []
    for index in others:
        differences = resampled[:, own] - resampled[:, index]
        low, high = percentile_interval(differences)
        rows.append(
            {
                "fraction": scores.fraction,
                "metric": metric.name,
                "reference": reference,
                "method": scores.methods[index],
                "difference": float(means[own] - means[index]),
                "low": float(low),
                "high": float(high),
                "p_value": float(paired_p_value(differences)),
                "best_other": index == best,
            }
        )
    return rows
