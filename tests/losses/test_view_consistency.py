# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math

import pytest
import torch

from monai_medtex.losses import ViewConsistencyLoss


def test_two_flat_views_differ_by_their_cross_entropy_alone():
    """Roots 1/2 and 1/4: -(1/4 log 1/2 + 3/4 log 1/2) = log 2; as distributions over the pixels they are the same."""
    theta, other = torch.full((1, 1, 4, 4), 0.25), torch.full((1, 1, 4, 4), 0.0625)
    assert ViewConsistencyLoss(2.0)(theta, other).item() == pytest.approx(math.log(2))


def test_the_shape_of_the_scores_counts_too():
    """Cross-entropy of (1/2, 1/2) to (1, 0) is log 2, and one bit, log 2 again, tells which of the two pixels it is."""
    theta, other = torch.tensor([[[[0.5, 0.5]]]]), torch.tensor([[[[1.0, 0.0]]]])
    assert ViewConsistencyLoss()(theta, other).item() == pytest.approx(2 * math.log(2))


@pytest.mark.parametrize("power", [1.0, 2.0])
@pytest.mark.parametrize("size", [(4, 4), (2, 3, 4)])
def test_it_is_least_where_both_views_agree(power, size):
    other = torch.rand(2, 1, *size, dtype=torch.float64).clamp(0.05, 0.95).requires_grad_()
    theta = other.detach().clone().requires_grad_()
    loss = ViewConsistencyLoss(power)(theta, other)
    loss.backward()
    assert theta.grad.abs().max() < 1e-12
    assert other.grad is None
    for step in (-0.01, 0.01):
        assert ViewConsistencyLoss(power)(theta + step * torch.rand_like(theta), other) > loss


def test_drawn_to_many_views_theta_becomes_their_mean():
    """With two views of roots 0.2 and 0.6 in every pixel, the mean loss is least at the root 0.4."""
    low, high = torch.full((1, 1, 2, 2), 0.2**2), torch.full((1, 1, 2, 2), 0.6**2)
    root = torch.full((1, 1, 2, 2), 0.4, requires_grad=True)
    loss = ViewConsistencyLoss(2.0)
    (loss(root**2, low) + loss(root**2, high)).backward()
    assert root.grad.abs().max() < 1e-6
