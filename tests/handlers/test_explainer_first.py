# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch
from ignite.engine import Events
from monai.engines import SupervisedEvaluator
from monai.transforms import RandFlipd, RandGaussianNoised
from torch import nn

from monai_medtex.handlers import ExplainerFirst


def state(module: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def changed(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor], part: str) -> set[str]:
    return {name for name in before if name.startswith(part) and not torch.equal(before[name], after[name])}


def phases(medtex, train, epochs: int = 3, first: int = 2, start: int = 0) -> tuple:
    strong, kept = RandGaussianNoised("image", prob=1.0), RandFlipd("image", prob=0.5)
    parts = medtex()
    trainer = train(parts, [ExplainerFirst(parts.network, first, [strong])], epochs)
    states, odds = [state(parts.network)], []
    trainer.add_event_handler(Events.EPOCH_COMPLETED, lambda _: states.append(state(parts.network)))
    trainer.add_event_handler(Events.EPOCH_COMPLETED, lambda _: odds.append((strong.prob, kept.prob)))
    if start:
        trainer.state.epoch = start
    trainer.run()
    return parts.network, states, odds


def test_both_learn_in_the_first_phase_and_the_student_alone_in_the_second(medtex, train):
    network, states, odds = phases(medtex, train)
    assert odds == [(1.0, 0.5), (1.0, 0.5), (0.0, 0.5)]
    assert changed(states[0], states[2], "student.fc")
    assert changed(states[0], states[2], "explainer.score")
    assert changed(states[2], states[3], "student.fc")
    assert not changed(states[2], states[3], "explainer")
    assert network.student.training
    assert not network.explainer.training


def test_after_a_resume_in_the_second_phase_the_explainer_is_frozen_too(medtex, train):
    _, states, odds = phases(medtex, train, start=2)
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
