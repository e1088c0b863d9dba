# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""A run's settings name its switches by their ``repr``: what it leaves out can be changed on a resume unseen."""

from __future__ import annotations

import pytest

from monai_medtex.losses import AreaBudgetLoss, BernoulliRateLoss, MultiAreaLoss
from monai_medtex.networks import (
    BlurBaseline,
    ConstantBaseline,
    NoiseBaseline,
    RandomMasks,
    RelaxedBernoulli,
    StraightThroughTopK,
)


@pytest.mark.parametrize(
    ("kind", "settings", "others"),
    [
        (AreaBudgetLoss, (0.1,), (0.4,)),
        (BernoulliRateLoss, (0.1,), (0.2,)),
        (MultiAreaLoss, ((0.1, 0.2),), ((0.1, 0.3),)),
        (RelaxedBernoulli, (0.1,), (0.5,)),
        (StraightThroughTopK, (0.1,), (0.5,)),
        (RandomMasks, (4, 0.0), (4, 0.5)),
        (RandomMasks, (4, 0.5), (8, 0.5)),
        (BlurBaseline, (1.0,), (9.0,)),
        (ConstantBaseline, (0.5,), (0.25,)),
        (NoiseBaseline, (0.5, 0.1), (0.5, 0.2)),
    ],
)
def test_other_settings_are_shown_as_others(kind, settings, others):
    assert repr(kind(*settings)) == repr(kind(*settings)) != repr(kind(*others))
