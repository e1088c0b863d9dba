# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch
from torch.distributions import Bernoulli, kl_divergence

from monai_medtex.losses import EvidenceLoss


@pytest.mark.parametrize("size", [(8, 8), (4, 6, 8)])
def test_is_the_cross_entropy_of_theta_to_the_evidence(size):
    generator = torch.Generator().manual_seed(0)
    evidence = torch.rand(2, 1, *size, generator=generator, dtype=torch.float64)
    theta = torch.rand(2, 3, *size, generator=generator, dtype=torch.float64)
    score, target = Bernoulli(theta.mean(dim=1, keepdim=True)), Bernoulli(evidence)
    torch.testing.assert_close(
        EvidenceLoss()(theta, evidence), (kl_divergence(target, score) + target.entropy()).mean()
    )


def test_coarse_evidence_is_interpolated():
    evidence = torch.tensor([[[[0.0, 1.0]]]])
    fine = torch.tensor([[[[0.0, 0.25, 0.75, 1.0]]]])
    theta = torch.rand(1, 1, 1, 4)
    torch.testing.assert_close(EvidenceLoss()(theta, evidence), EvidenceLoss()(theta, fine))


def test_the_best_theta_for_noisy_evidence_is_its_mean():
    views = torch.tensor([0.0, 1.0, 0.5, 0.5, 0.0, 0.4]).view(-1, 1, 1, 1)
    theta = torch.full((1, 1, 1, 1), 0.4, requires_grad=True)
    sum(EvidenceLoss()(theta, view[None]) for view in views).backward()
    assert theta.grad.item() == pytest.approx(0, abs=1e-5)


def test_with_a_power_the_best_theta_is_that_power_of_the_mean():
    """Views of mean 0.4 and power 2: theta is 0.16, not the mean of the squares, 0.277."""
    views = torch.tensor([0.0, 1.0, 0.5, 0.5, 0.0, 0.4]).view(-1, 1, 1, 1)
    theta = torch.full((1, 1, 1, 1), 0.16, requires_grad=True)
    sum(EvidenceLoss(2)(theta, view[None]) for view in views).backward()
    assert theta.grad.item() == pytest.approx(0, abs=1e-5)


def test_the_root_undoes_the_power_down_to_faint_scores():
    """The gradient of the scores does not depend on the sharpness that they were raised to."""
    evidence, gradients = torch.rand(1, 1, 1, 5), []
    for power in (1, 2, 4):
        scores = torch.tensor([[[[1e-8, 1e-3, 0.1, 0.5, 0.9]]]], requires_grad=True)
        EvidenceLoss(power)(scores**power, evidence).backward()
        gradients.append(scores.grad)
    torch.testing.assert_close(gradients[1], gradients[0], rtol=1e-4, atol=0)
    torch.testing.assert_close(gradients[2], gradients[0], rtol=1e-4, atol=0)


def test_gradient_flows_into_theta_alone_and_bounds_are_no_trouble():
    theta, evidence = torch.tensor([[[[0.0, 1.0]]]], requires_grad=True), torch.rand(1, 1, 1, 2, requires_grad=True)
    EvidenceLoss()(theta, evidence).backward()
    assert theta.grad.isfinite().all()
    assert theta.grad.any()
    assert evidence.grad is None


def test_of_several_classes_each_places_highest_counts():
    evidence, theta = torch.rand(2, 3, 4, 4), torch.rand(2, 1, 4, 4)
    torch.testing.assert_close(EvidenceLoss()(theta, evidence), EvidenceLoss()(theta, evidence.amax(1, keepdim=True)))
