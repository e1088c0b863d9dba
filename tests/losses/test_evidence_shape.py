# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import Categorical, kl_divergence

from monai_medtex.losses import EvidenceShapeLoss


@pytest.mark.parametrize("size", [(8, 8), (4, 6, 8)])
@pytest.mark.parametrize("power", [1, 2])
def test_is_the_divergence_of_the_scores_from_the_evidence(size, power):
    generator = torch.Generator().manual_seed(0)
    evidence, scores = (torch.rand(2, 1, *size, generator=generator, dtype=torch.float64) for _ in range(2))
    expected = kl_divergence(Categorical(evidence.flatten(1)), Categorical(scores.flatten(1))).mean()
    torch.testing.assert_close(EvidenceShapeLoss(power)(scores**power, evidence), expected)


def test_half_of_theta_beside_the_only_evidence_costs_one_bit():
    evidence, theta = torch.tensor([[[[0.0, 1.0]]]]), torch.tensor([[[[0.3, 0.3]]]])
    assert EvidenceShapeLoss()(theta, evidence).item() == pytest.approx(math.log(2))


def test_how_much_evidence_there_is_does_not_matter():
    evidence = torch.rand(2, 1, 4, 4)
    assert EvidenceShapeLoss()(0.1 * evidence, evidence).item() == pytest.approx(0, abs=1e-6)


def test_an_image_without_evidence_adds_nothing():
    theta, evidence = (
        torch.tensor([[[[0.3, 0.3]]]] * 2, requires_grad=True),
        torch.tensor([[[[0.0, 1.0]]], [[[0.0, 0.0]]]]),
    )
    loss = EvidenceShapeLoss()(theta, evidence)
    assert loss.item() == pytest.approx(math.log(2) / 2)
    loss.backward()
    assert theta.grad[0].abs().min() > 0
    assert theta.grad[1].eq(0).all()


def test_gradient_flows_into_theta_alone_and_bounds_are_no_trouble():
    theta, evidence = torch.tensor([[[[0.0, 1.0]]]], requires_grad=True), torch.rand(1, 1, 1, 2, requires_grad=True)
    EvidenceShapeLoss()(theta, evidence).backward()
    assert theta.grad.isfinite().all()
    assert evidence.grad is None
