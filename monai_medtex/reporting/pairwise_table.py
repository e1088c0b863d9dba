# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math

from monai_medtex.metrics import FEWEST_GROUPS, paired_p_value, percentile_interval

from .comparison_rows import Row
from .map_scores import MAP_METRICS, MapMetric, MapScores

__all__ = ["pairwise_table"]


def pairwise_table(scores: MapScores, reference: str) -> list[Row]:
    """Test a method against every other one on the same draws of images.

    Args:
        scores: of one fraction.
        reference: the method.

    Returns:
        per metric and other method: ``difference`` of the means, reference minus other, over the seeds and images that
        both have; ``low`` and ``high``, its 95 % interval; ``p_value``, two-sided, not corrected for the number of
        tests, NaN of fewer than six patients or images; ``best_other``, whether the other one is the best of them by
        this metric. Empty where the reference has no map, or shares no seed with another method.
    """
    if reference not in scores.methods:
        return []
    return [row for metric in MAP_METRICS for row in _tests(scores, metric, reference)]


def _tests(scores: MapScores, metric: MapMetric, reference: str) -> list[Row]:
    means = dict(zip(scores.methods, scores.values(metric.name).nanmean(dim=0).tolist(), strict=True))
    others = [method for method, mean in means.items() if method != reference and not math.isnan(mean)]
    tests = []
    for method in others:
        pair = scores.shared(reference, method)
        values = pair.values(metric.name)
        own, other = values.nanmean(dim=0).tolist()
        if math.isnan(own - other):
            continue
        differences = -pair.draws(metric.name).diff(dim=1).squeeze(dim=1)
        low, high = percentile_interval(differences)
        known = (~values.isnan().any(dim=1)).tolist()
        groups = len({group for group, both in zip(pair.groups, known, strict=True) if both})
        tests.append(
            {
                "fraction": scores.fraction,
                "metric": metric.name,
                "reference": reference,
                "method": method,
                "difference": own - other,
                "low": float(low),
                "high": float(high),
                "p_value": float(paired_p_value(differences)) if groups >= FEWEST_GROUPS else math.nan,
                "best_other": method == (max if metric.higher_is_better else min)(others, key=means.__getitem__),
            }
        )
    return tests
