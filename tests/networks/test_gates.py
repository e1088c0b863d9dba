# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch

from monai_medtex.networks import ConcreteGate, SoftGate
from monai_medtex.utils import InputError

LOGITS = torch.tensor([0.0, 1.0, 2.0, -1.0])


def scores_of(logits: torch.Tensor, batch: int = 1) -> torch.Tensor:
    return (logits - logits.max()).exp().view(1, 1, 2, 2).expand(batch, 1, 2, 2)


def test_soft_gate_is_the_softmax_times_the_number_of_patches():
    torch.testing.assert_close(SoftGate()(scores_of(LOGITS, 2))[1].flatten(), 4 * LOGITS.softmax(0))


@pytest.mark.parametrize("straight_through", [False, True])
def test_in_eval_mode_the_best_patches_are_open_and_nothing_is_drawn(straight_through):
    gate = ConcreteGate(2, 0.5, straight_through).eval()
    assert gate(scores_of(LOGITS)).flatten().tolist() == [0, 1, 1, 0]
    volume = torch.rand(3, 1, 4, 4, 4)
    opened = gate(volume)
    assert opened.flatten(1).sum(1).tolist() == [2, 2, 2]
    assert all(volume[i][opened[i] == 1].min() > volume[i][opened[i] == 0].max() for i in range(3))


def test_straight_through_draws_open_patches_wholly_and_as_often_as_the_softmax_says():
    torch.manual_seed(0)
    batch, draws = 20_000, 3
    opened = ConcreteGate(draws, 1.0, straight_through=True)(scores_of(LOGITS, batch)).flatten(1)
    assert torch.all((opened - opened.round()).abs() < 1e-6)
    counts = opened.sum(1).round()
    assert (counts.min(), counts.max()) == (1, draws)
    chance = 1 - (1 - LOGITS.softmax(0)) ** draws  # of at least one of independent draws
    torch.testing.assert_close(opened.mean(0), chance, atol=0.015, rtol=0)  # 4 standard errors of 0.0035


def test_relaxed_draws_are_the_largest_of_concrete_samples():
    """A concrete sample of 4 patches sums to 1; the largest of 3 has a sum from 1 to 3 and no value above 1."""
    torch.manual_seed(0)
    single = ConcreteGate(1, 0.5)(scores_of(LOGITS, 50)).flatten(1)
    torch.testing.assert_close(single.sum(1), torch.ones(50))
    several = ConcreteGate(3, 0.5)(scores_of(LOGITS, 50)).flatten(1)
    assert several.max() <= 1
    assert 1 < several.sum(1).mean() < 3
    assert not torch.equal(several, several.round())


def test_small_tau_draws_nearly_hard():
    torch.manual_seed(0)
    drawn = ConcreteGate(1, 0.01)(scores_of(LOGITS, 200))
    assert (torch.minimum(drawn, 1 - drawn) < 0.01).float().mean() > 0.9


@pytest.mark.parametrize("straight_through", [False, True])
def test_the_gradient_reaches_the_logits_and_favours_what_pays(straight_through):
    """With a payoff of 1 for patch 3 alone, its logit must be pushed up and the sum of the gradient is 0 (softmax)."""
    torch.manual_seed(0)
    logits = LOGITS.clone().requires_grad_()
    gate = ConcreteGate(2, 1.0, straight_through)
    gate(scores_of(logits, 500)).flatten(1)[:, 3].mean().backward()
    assert logits.grad[3] > 0.01
    assert (logits.grad[:3] < 0).all()
    assert logits.grad.sum().abs() < 1e-5


def test_scores_that_underflow_keep_the_gate_finite():
    scores = torch.tensor([1.0, 0.0, 0.0, 0.0]).view(1, 1, 2, 2).requires_grad_()
    opened = ConcreteGate(2, 0.1)(scores)
    opened.sum().backward()
    assert opened.isfinite().all()
    assert scores.grad.isfinite().all()


@pytest.mark.parametrize(("argument", "options"), [("patches", {"patches": 0}), ("tau", {"tau": 0.0})])
def test_refuses_what_makes_no_choice(argument, options):
    with pytest.raises(InputError, match=f"{argument} must be .* but is 0"):
        ConcreteGate(**options)
