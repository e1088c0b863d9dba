# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch

from monai_medtex.networks import RelaxedBernoulli, StraightThroughTopK
from monai_medtex.utils import InputError

SAMPLERS = [RelaxedBernoulli(0.5), StraightThroughTopK(0.25)]


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("size", [(4, 6), (4, 4, 5)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_same_shape_and_type_in_training_and_theta_itself_in_eval_mode(sampler, size, dtype):
    theta = torch.rand(2, 3, *size).to(dtype)
    drawn = sampler.train()(theta)
    assert (drawn.shape, drawn.dtype) == (theta.shape, dtype)
    assert not torch.equal(drawn, theta)
    assert sampler.eval()(theta) is theta


@pytest.mark.parametrize("tau", [0.1, 1.0])
def test_a_pixel_is_rather_shown_than_not_with_the_probability_theta(tau):
    torch.manual_seed(0)
    theta = torch.tensor([0.05, 0.3, 0.5, 0.9]).view(1, 1, 2, 2)
    drawn = RelaxedBernoulli(tau)(theta.expand(20_000, 1, 2, 2))
    shown = (drawn > 0.5).float().mean(dim=0, keepdim=True)
    torch.testing.assert_close(shown, theta, atol=0.015, rtol=0)  # 4 standard errors of 0.0035


def test_small_tau_draws_nearly_hard_and_large_tau_does_not():
    torch.manual_seed(0)
    theta = torch.full((100, 1, 4, 4), 0.5)
    hard, soft = (RelaxedBernoulli(tau)(theta) for tau in (0.01, 10.0))
    assert (torch.minimum(hard, 1 - hard) < 0.01).float().mean() > 0.9
    assert ((soft > 0.2) & (soft < 0.8)).float().mean() > 0.9


def test_the_gradient_of_a_relaxed_draw_grows_with_every_theta_but_those_at_the_ends():
    """d sample / d theta = sample (1 - sample) / (tau theta (1 - theta)), from the sigmoid of the shifted logit."""
    torch.manual_seed(0)
    theta = torch.tensor([0.2, 0.5, 0.7, 0.9], dtype=torch.float64).view(1, 1, 2, 2).requires_grad_()
    drawn = RelaxedBernoulli(0.8)(theta)
    drawn.sum().backward()
    expected = drawn * (1 - drawn) / (0.8 * theta * (1 - theta))
    torch.testing.assert_close(theta.grad, expected.detach(), rtol=1e-4, atol=0)
    ends = torch.tensor([0.0, 1.0]).view(1, 1, 1, 2).requires_grad_()
    drawn = RelaxedBernoulli(0.5)(ends)
    drawn.sum().backward()
    assert drawn.isfinite().all()
    assert ends.grad.isfinite().all()


def test_exactly_the_highest_are_shown():
    theta = torch.tensor([[0.1, 0.4, 0.3, 0.2, 0.9], [0.5, 0.6, 0.7, 0.8, 0.55]]).view(2, 1, 1, 5)
    shown = StraightThroughTopK(0.4)(theta).flatten(1)
    assert shown.tolist() == [[0, 1, 0, 0, 1], [0, 0, 1, 1, 0]]
    assert StraightThroughTopK(0.01)(theta).sum().item() == 2  # one pixel of each image at least
    assert StraightThroughTopK(1.0)(theta).all()


def test_channels_compete():
    theta = torch.arange(12.0).view(1, 3, 2, 2) / 12
    assert StraightThroughTopK(0.5)(theta).flatten().tolist() == [0] * 6 + [1] * 6


def test_the_gradient_passes_straight_through():
    theta = torch.rand(2, 1, 3, 3, requires_grad=True)
    weight = torch.rand(2, 1, 3, 3)
    (weight * StraightThroughTopK(0.3)(theta)).sum().backward()
    torch.testing.assert_close(theta.grad, weight)


@pytest.mark.parametrize("make", [lambda: RelaxedBernoulli(0.0), lambda: StraightThroughTopK(0)])
def test_refuses_nothing(make):
    with pytest.raises(InputError, match="(tau must be positive|share must be above 0 and at most 1) but is 0"):
        make()


def test_refuses_more_than_all():
    with pytest.raises(InputError, match="share must be above 0 and at most 1 but is 1.5"):
        StraightThroughTopK(1.5)
