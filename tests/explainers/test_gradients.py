# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch

from monai_medtex.explainers import IntegratedGradientsMap, SmoothGradMap, integrated_gradients
from monai_medtex.utils import InputError


@pytest.fixture
def weight() -> torch.Tensor:
    return torch.randn(2, 6, 8, generator=torch.Generator().manual_seed(3))


@pytest.fixture
def images() -> torch.Tensor:
    return torch.rand(3, 2, 6, 8, generator=torch.Generator().manual_seed(4))


@pytest.mark.parametrize("baseline", [0.0, 0.5])
def test_integrated_gradients_of_a_linear_network(linear, weight, images, baseline):
    theta = IntegratedGradientsMap(linear(weight), baseline=baseline).explain(images)
    expected = (weight * (images - baseline)).abs().sum(dim=1, keepdim=True)
    torch.testing.assert_close(theta, expected, rtol=1e-4, atol=1e-6)


def test_integrated_gradients_add_up_to_the_difference_of_the_logits(detector, bright_quadrant):
    # completeness: all attributions are positive here, and the path from black to the image ends 1 above the bias of -1
    theta = IntegratedGradientsMap(detector, steps=200).explain(bright_quadrant)
    assert theta.sum().item() == pytest.approx(20 * 0.4 / 4, rel=0.02)


def test_the_batch_size_does_not_matter(detector, bright_quadrant):
    images = torch.cat([bright_quadrant, bright_quadrant.flip(2), bright_quadrant * 0])
    few, many = (IntegratedGradientsMap(detector, batch_size=size).explain(images) for size in (1, 64))
    torch.testing.assert_close(few, many)


def test_missing_captum_is_said_in_one_line(monkeypatch, detector):
    monkeypatch.setattr(integrated_gradients, "has_captum", False)
    with pytest.raises(InputError, match="pip install captum"):
        IntegratedGradientsMap(detector)


def test_smooth_grad_of_a_linear_network(linear, weight, images):
    # sqrt(sum over 9 samples of weight ** 2) / 9
    theta = SmoothGradMap(linear(weight), samples=9).explain(images)
    torch.testing.assert_close(theta, (weight.abs() / 3).sum(dim=0).expand(3, 1, 6, 8))


def test_smooth_grad_follows_its_seed_alone(detector, bright_quadrant):
    first = SmoothGradMap(detector, samples=2, noise=0.5).explain(bright_quadrant)
    torch.rand(1)
    assert torch.equal(SmoothGradMap(detector, samples=2, noise=0.5).explain(bright_quadrant), first)
    assert not torch.equal(SmoothGradMap(detector, samples=2, noise=0.5, seed=1).explain(bright_quadrant), first)
