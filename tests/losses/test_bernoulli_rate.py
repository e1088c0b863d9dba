# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math

import pytest
import torch

from monai_medtex.losses import BernoulliRateLoss
from monai_medtex.utils import InputError


@pytest.mark.parametrize("size", [(4, 5), (2, 3, 4)])
def test_matches_a_loop_over_pixels(size):
    theta = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    rate = 0.2
    costs = [t * math.log(t / rate) + (1 - t) * math.log((1 - t) / (1 - rate)) for t in theta.flatten().tolist()]
    assert BernoulliRateLoss(rate)(theta).item() == pytest.approx(sum(costs) / len(costs))


def test_the_rate_itself_is_free_and_certainty_costs_its_surprise():
    assert BernoulliRateLoss(0.25)(torch.full((1, 1, 2, 2), 0.25)).item() == pytest.approx(0, abs=1e-6)
    assert BernoulliRateLoss(0.25)(torch.ones(1, 1, 2, 2)).item() == pytest.approx(math.log(4), rel=1e-4)
    assert BernoulliRateLoss(0.25)(torch.zeros(1, 1, 2, 2)).item() == pytest.approx(math.log(4 / 3), rel=1e-4)


def test_the_gradient_is_the_difference_of_the_logits_and_finite_at_the_ends():
    theta = torch.tensor([0.1, 0.5, 0.9, 0.3], dtype=torch.float64).view(1, 1, 2, 2).requires_grad_()
    BernoulliRateLoss(0.2)(theta).backward()
    expected = (torch.logit(theta.detach()) - math.log(0.25)) / 4
    torch.testing.assert_close(theta.grad, expected)
    ends = torch.tensor([0.0, 1.0]).view(1, 1, 1, 2).requires_grad_()
    BernoulliRateLoss(0.2)(ends).backward()
    assert ends.grad.isfinite().all()


def test_half_precision_is_computed_in_single():
    theta = torch.tensor([0.0, 1.0, 0.5, 0.001]).half().view(1, 1, 2, 2)
    loss = BernoulliRateLoss(0.1)(theta)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, BernoulliRateLoss(0.1)(theta.float()))


@pytest.mark.parametrize("rate", [0, 1, -0.5])
def test_refuses_a_rate_that_says_all_or_nothing(rate):
    with pytest.raises(InputError, match=f"rate must lie between 0 and 1 but is {rate}"):
        BernoulliRateLoss(rate)
