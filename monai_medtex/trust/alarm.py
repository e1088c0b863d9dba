# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""The encoding alarm: does the map tell its reader the answer by other means than by what it shows?"""

from __future__ import annotations

from typing import NamedTuple

from .estimate import Estimate

__all__ = ["Alarm", "raise_alarm"]


class Alarm(NamedTuple):
    """What the alarm says.

    Attributes:
        rings: whether the map must not be trusted.
        by_gap: because the student agrees more often than an independent reader of the same pixels.
        by_probe: because the teacher's class can be read from the map alone.
        certain: whether the intervals leave no doubt.
    """

    rings: bool
    by_gap: bool
    by_probe: bool
    certain: bool


def raise_alarm(gap: Estimate, probe: Estimate | None, alarm_gap: float = 0.03, alarm_probe: float = 0.1) -> Alarm:
    """Decide whether the alarm rings.

    Args:
        gap: the student's agreement with the teacher minus that of EVAL-X, on the same masked images.
        probe: how much more often the teacher's class is read from the map alone than from a map that is known to be
            honest; None where it was not tried.
        alarm_gap: the largest gap allowed.
        alarm_probe: the largest advantage of the map over the honest one, which counts only where the gap's interval
            lies above zero: the outline of a true lesion may tell the class, too.

    Returns:
        the alarm. It is certain where the gap's interval lies on one side: of zero if it rings, of ``alarm_gap`` if
        not.
    """
    by_gap = gap.mean > alarm_gap
    by_probe = probe is not None and probe.mean > alarm_probe and gap.low > 0
    rings = by_gap or by_probe
    return Alarm(rings, by_gap, by_probe, certain=gap.low > 0 if rings else gap.high <= alarm_gap)
