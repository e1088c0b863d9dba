# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch
from torch.distributions import Bernoulli, kl_divergence

from monai_medtex.losses import EvidenceLoss


@pytest.mark.parametrize("size", [(8, 8), (4, 6, 8)])
def test_is_the_cross_entropy_of_the_pooled_theta(size):
    generator = torch.Generator().manual_seed(0)
    coarse = [side // 2 for side in size]
    evidence = torch.rand(2, 1, *coarse, generator=generator, dtype=torch.float64)
    theta = torch.rand(2, 3, *size, generator=generator, dtype=torch.float64)
    pooled = torch.nn.functional.avg_pool2d if len(size) == 2 else torch.nn.functional.avg_pool3d
    score, target = Bernoulli(pooled(theta.mean(dim=1, keepdim=True), 2)), Bernoulli(evidence)
    torch.testing.assert_close(
        EvidenceLoss()(theta, evidence), (kl_divergence(target, score) + target.entropy()).mean()
    )


def test_theta_is_free_below_the_resolution_of_the_evidence():
    evidence = torch.rand(1, 1, 2, 2)
    theta = torch.rand(1, 1, 4, 4)
    swapped = theta.clone()
    swapped[..., :2, :2] = theta[..., :2, :2].flip(-1)
    torch.testing.assert_close(EvidenceLoss()(swapped, evidence), EvidenceLoss()(theta, evidence))


def test_the_best_theta_for_noisy_evidence_is_its_mean():
    views = torch.tensor([0.0, 1.0, 0.5, 0.5, 0.0, 0.4]).view(-1, 1, 1, 1)
    theta = torch.full((1, 1, 1, 1), 0.4, requires_grad=True)
    sum(EvidenceLoss()(theta, view[None]) for view in views).backward()
    assert theta.grad.item() == pytest.approx(0, abs=1e-5)


def test_gradient_flows_into_theta_alone_and_bounds_are_no_trouble():
    theta, evidence = torch.tensor([[[[0.0, 1.0]]]], requires_grad=True), torch.rand(1, 1, 1, 2, requires_grad=True)
    EvidenceLoss()(theta, evidence).backward()
    assert theta.grad.isfinite().all()
    assert theta.grad.any()
    assert evidence.grad is None
