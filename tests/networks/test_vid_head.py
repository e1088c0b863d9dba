# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from monai_medtex.losses import VIDLoss
from monai_medtex.networks import VIDHead


@pytest.mark.parametrize("variance", [5.0, 1.0, 0.01, 1e-4, 300.0])
def test_the_variance_starts_where_it_should(variance):
    assert VIDHead(2, 2, 7, initial_variance=variance).variance.tolist() == pytest.approx([variance] * 7, rel=1e-3)


@pytest.mark.parametrize(("alpha", "expected"), [(-1e4, 1e-3), (0.0, math.log(2) + 1e-3), (1e4, 1e4 + 1e-3)])
def test_the_variance_is_softplus_plus_eps_and_never_overflows(alpha, expected):
    head = VIDHead(2, 2, 3, eps=1e-3)
    nn.init.constant_(head.alpha, alpha)
    assert head.variance.tolist() == pytest.approx([expected] * 3)


def test_the_variance_is_learnt_and_saved():
    head, generator = VIDHead(2, 2, 3), torch.Generator().manual_seed(0)
    before = head.variance.detach().clone()
    mu, variance = head(torch.randn(2, 2, 4, 4, generator=generator))
    VIDLoss()(mu, variance, torch.randn(2, 3, 4, 4, generator=generator)).backward()
    torch.optim.Adam(head.parameters(), lr=0.1).step()
    assert (head.variance != before).all()
    restored = VIDHead(2, 2, 3)
    restored.load_state_dict(head.state_dict())
    assert torch.equal(restored.variance, head.variance)


def test_training_finds_the_variance_of_the_residuals():
    # the likelihood is highest where each channel's variance is the mean square of its residuals
    head, generator = VIDHead(2, 1, 2), torch.Generator().manual_seed(0)
    target = torch.randn(4, 2, 8, 8, generator=generator) * torch.tensor([0.5, 2.0]).view(1, 2, 1, 1)
    optimizer = torch.optim.Adam([head.alpha], lr=0.3)
    for _ in range(200):
        optimizer.zero_grad()
        VIDLoss()(torch.zeros_like(target), head.variance, target).backward()
        optimizer.step()
    assert head.variance.tolist() == pytest.approx(target.square().mean(dim=(0, 2, 3)).tolist(), rel=1e-3)


@pytest.mark.parametrize("size", [(4, 6), (3, 4, 5)])
def test_the_mean_is_predicted_pixel_by_pixel(size):
    head, x = VIDHead(len(size), 2, 5), torch.randn(3, 2, *size)
    mu, variance = head(x)
    assert mu.shape == (3, 5, *size)
    assert variance.shape == (5,)
    order = torch.randperm(math.prod(size))
    shuffled, _ = head(x.flatten(2)[:, :, order].view_as(x))
    torch.testing.assert_close(shuffled.flatten(2), mu.flatten(2)[:, :, order])


def test_the_mean_is_not_linear_in_the_features():
    head, x = VIDHead(2, 2, 5), torch.randn(1, 2, 8, 8, generator=torch.Generator().manual_seed(0))
    zero = head(torch.zeros_like(x))[0]
    assert not torch.allclose(head(x)[0] - zero, zero - head(-x)[0], atol=1e-3)


@pytest.mark.parametrize(
    ("hidden", "count"), [(None, (2 + 1) * 5 + (5 + 1) * 5 + 5), (3, (2 + 1) * 3 + (3 + 1) * 5 + 5)]
)
def test_parameters_by_hand(hidden, count):
    assert sum(parameter.numel() for parameter in VIDHead(2, 2, 5, hidden).parameters()) == count


def test_the_variance_keeps_its_precision_under_autocast():
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mu, variance = VIDHead(2, 2, 3)(torch.rand(1, 2, 4, 4))
    assert mu.dtype == torch.bfloat16
    assert variance.dtype == torch.float32


@pytest.mark.parametrize(("variance", "eps"), [(1e-6, 1e-5), (1e-5, 1e-5), (1.0, 0.0), (-1.0, 1e-5)])
def test_an_initial_variance_that_can_not_be_is_refused(variance, eps):
    with pytest.raises(ValueError, match=f"they are {variance} and {eps}"):
        VIDHead(2, 2, 3, initial_variance=variance, eps=eps)
