# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch

from monai_medtex.networks import MeanBaseline, RandomBaseline, ZeroBaseline, make_baseline
from monai_medtex.utils import InputError


def test_a_name_gives_the_baseline():
    assert type(make_baseline("zero")) is ZeroBaseline
    assert type(make_baseline("mean", {"blur": {"sigma": 2}})) is MeanBaseline


def test_settings_go_to_the_baseline_of_their_name():
    settings = {"constant": {"value": 0.25}, "blur": {"sigma": 2}}
    assert torch.equal(make_baseline("constant", settings)(torch.rand(1, 2, 3, 3)), torch.full((1, 2, 3, 3), 0.25))
    assert make_baseline("blur", settings).sigma == 2


def test_several_names_are_drawn_among():
    drawn = make_baseline(["mean", "zero"])
    assert isinstance(drawn, RandomBaseline)
    assert [type(baseline) for baseline in drawn.baselines] == [MeanBaseline, ZeroBaseline]


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("black", {}, "one of zero, constant, mean, blur, noise but is 'black'"),
        ("blur", {}, "do not fit the baseline 'blur': {}"),
        ("mean", {"mean": {"sigma": 2}}, "do not fit the baseline 'mean': {'sigma': 2}"),
    ],
)
def test_what_does_not_fit_is_refused(name, settings, said):
    with pytest.raises(InputError, match=said):
        make_baseline(name, settings)
