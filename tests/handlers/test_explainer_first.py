# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
from monai.engines import SupervisedEvaluator
from monai.transforms import RandFlipd, RandGaussianNoised

from monai_medtex.handlers import ExplainerFirst


def phases(medtex, train, watch, epochs: int = 3, first: int = 2, start: int = 0) -> tuple:
    strong, kept = RandGaussianNoised("image", prob=1.0), RandFlipd("image", prob=0.5)
    parts = medtex()
    trainer = train(parts, [ExplainerFirst(parts.network, first, [strong])], epochs)
    return parts.network, *watch(trainer, lambda: (strong.prob, kept.prob), start)


def test_both_learn_in_the_first_phase_and_the_student_alone_in_the_second(medtex, train, watch, changed):
    network, states, odds = phases(medtex, train, watch)
    assert odds == [(1.0, 0.5), (1.0, 0.5), (0.0, 0.5)]
    assert changed(states[0], states[2], "student.fc")
    assert changed(states[0], states[2], "explainer.score")
    assert changed(states[2], states[3], "student.fc")
    assert not changed(states[2], states[3], "explainer")
    assert network.student.training
    assert not network.explainer.training


def test_after_a_resume_in_the_second_phase_the_explainer_is_frozen_too(medtex, train, watch, changed):
    _, states, odds = phases(medtex, train, watch, start=2)
    assert odds == [(0.0, 0.5)]
    assert changed(states[0], states[1], "student.fc")
    assert not changed(states[0], states[1], "explainer")


@pytest.mark.parametrize(("start", "best"), [(0, -1), (2, -1), (3, 1)])
def test_the_best_of_the_first_phase_counts_no_more_in_the_second(medtex, train, start, best):
    """A resume at the third epoch, the first of the second phase, has no better one yet; a later one may."""
    parts = medtex()
    evaluator = SupervisedEvaluator("cpu", parts.val_loader, parts.network)
    evaluator.state.best_metric_epoch = 1
    trainer = train(parts, [ExplainerFirst(parts.network, 2, (), evaluator)], 4)
    trainer.state.epoch = start
    trainer.run()
    assert evaluator.state.best_metric_epoch == best
