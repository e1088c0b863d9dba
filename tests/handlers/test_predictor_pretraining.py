# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import torch
from ignite.engine import Events
from torch import nn

from monai_medtex.handlers import PredictorPretraining
from monai_medtex.networks import RandomMaskMixIn, RandomMasks


def state(module: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def changed(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor], part: str) -> set[str]:
    return {name for name in before if name.startswith(part) and not torch.equal(before[name], after[name])}


def phases(medtex, train, epochs: int = 3, first: int = 2, start: int = 0) -> tuple:
    parts = medtex()
    mix_in = RandomMaskMixIn(RandomMasks(2), share=0.5)
    parts.network.shown = nn.Sequential(mix_in)
    trainer = train(parts, [PredictorPretraining(parts.network, mix_in, first)], epochs)
    states, shares = [state(parts.network)], []
    trainer.add_event_handler(Events.EPOCH_COMPLETED, lambda _: states.append(state(parts.network)))
    trainer.add_event_handler(Events.EPOCH_COMPLETED, lambda _: shares.append(mix_in.share))
    if start:
        trainer.state.epoch = start
    trainer.run()
    return parts.network, states, shares


def test_the_student_learns_in_the_first_phase_and_the_explainer_in_the_second(medtex, train):
    network, states, shares = phases(medtex, train)
    assert shares == [1, 1, 0]
    assert changed(states[0], states[2], "student.fc")
    assert not changed(states[0], states[2], "explainer.score")
    assert not changed(states[2], states[3], "student")
    assert changed(states[2], states[3], "explainer.score")
    assert not network.student.training
    assert network.explainer.training


def test_after_a_resume_the_student_is_frozen_too(medtex, train):
    _, states, shares = phases(medtex, train, start=2)
    assert shares == [0]
    assert not changed(states[0], states[1], "student")
