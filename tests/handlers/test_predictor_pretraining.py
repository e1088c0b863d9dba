# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
from monai.engines import SupervisedEvaluator
from torch import nn

from monai_medtex.handlers import PredictorPretraining
from monai_medtex.networks import RandomMaskMixIn, RandomMasks


def phases(medtex, train, watch, epochs: int = 3, first: int = 2, start: int = 0) -> tuple:
    parts = medtex()
    mix_in = RandomMaskMixIn(RandomMasks(2), share=0.5)
    parts.network.shown = nn.Sequential(mix_in)
    trainer = train(parts, [PredictorPretraining(parts.network, mix_in, first)], epochs)
    return parts.network, *watch(trainer, lambda: mix_in.share, start)


def test_the_student_learns_in_the_first_phase_and_the_explainer_in_the_second(medtex, train, watch, changed):
    network, states, shares = phases(medtex, train, watch)
    assert shares == [1, 1, 0]
    assert changed(states[0], states[2], "student.fc")
    assert not changed(states[0], states[2], "explainer.score")
    assert not changed(states[2], states[3], "student")
    assert changed(states[2], states[3], "explainer.score")
    assert not network.student.training
    assert network.explainer.training


def test_after_a_resume_the_student_is_frozen_too(medtex, train, watch, changed):
    _, states, shares = phases(medtex, train, watch, start=2)
    assert shares == [0]
    assert not changed(states[0], states[1], "student")


@pytest.mark.parametrize(("start", "best"), [(0, -1), (2, -1), (3, 1)])
def test_the_best_of_the_first_phase_counts_no_more_in_the_second(medtex, train, start, best):
    parts = medtex()
    mix_in = RandomMaskMixIn(RandomMasks(2))
    evaluator = SupervisedEvaluator("cpu", parts.val_loader, parts.network)
    evaluator.state.best_metric_epoch = 1
    trainer = train(parts, [PredictorPretraining(parts.network, mix_in, 2, evaluator)], 4)
    trainer.state.epoch = start
    trainer.run()
    assert evaluator.state.best_metric_epoch == best
