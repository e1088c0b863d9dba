# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest

from monai_medtex.trust import raise_alarm
from monai_medtex.trust.estimate import Estimate, estimate


@pytest.mark.parametrize(
    ("gap", "probe", "rings", "certain"),
    [
        ((0.00, -0.02, 0.02), (0.0, -0.1, 0.1), False, True),
        ((0.02, -0.02, 0.06), (0.0, -0.1, 0.1), False, False),  # might be above what is allowed
        ((0.10, 0.05, 0.15), (0.0, -0.1, 0.1), True, True),
        ((0.10, -0.05, 0.25), (0.0, -0.1, 0.1), True, False),  # might be nothing
        ((0.02, 0.01, 0.029), (0.2, 0.1, 0.3), True, True),  # the probe, and a gap above zero
        ((0.02, -0.01, 0.03), (0.2, 0.1, 0.3), False, True),  # the outline of a lesion may tell its class
        ((0.02, 0.01, 0.029), None, False, True),
    ],
)
def test_the_alarm_rings(gap, probe, rings, certain):
    alarm = raise_alarm(Estimate(*gap), None if probe is None else Estimate(*probe))
    assert (alarm.rings, alarm.certain) == (rings, certain)
    assert alarm.rings == (alarm.by_gap or alarm.by_probe)


def test_the_limits_are_options():
    assert not raise_alarm(Estimate(0.1, 0.05, 0.15), None, alarm_gap=0.2).rings
    assert raise_alarm(Estimate(0.1, 0.05, 0.15), Estimate(0.1, 0, 0.2), alarm_gap=0.2, alarm_probe=0.05).by_probe


def test_an_estimate_leaves_out_what_is_unknown_and_draws_patients():
    assert estimate([1.0, 0.0, float("nan")]).mean == 0.5
    alone, together = estimate([1.0, 0.0] * 20), estimate([1.0, 0.0] * 20, [0] * 20 + [1] * 20)
    # two patients with the same mean: whichever is drawn, the mean is the same
    assert together == (0.5, 0.5, 0.5)
    assert alone.low < 0.5 < alone.high
    assert str(estimate([])) == "unknown"
