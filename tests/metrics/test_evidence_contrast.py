# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch
from torch.distributions import Normal

from monai_medtex.metrics import evidence_contrast, evident_topk, topk_mask, topk_pixels


def test_contrast_by_hand():
    theta = torch.tensor([[[[0.9, 0.1], [0.7, 0.3]]], [[[0.5, 0.5], [0.5, 0.5]]]])
    contrast, spread = evidence_contrast(theta, topk_mask(theta, 2))
    torch.testing.assert_close(contrast, torch.tensor([0.6, 0.0]))
    torch.testing.assert_close(spread, torch.tensor([0.1, 0.0]))


@pytest.mark.parametrize("k", [1, 3, 6])
@pytest.mark.parametrize("scale", [0.001, 0.1])
def test_noise_does_not_stand_out(k, scale):
    noise = 0.5 + scale * torch.randn(4, 1, 128, 128, generator=torch.Generator().manual_seed(0))
    pixels = topk_pixels((128, 128), k)
    contrast, spread = evidence_contrast(noise, topk_mask(noise, pixels))
    share, normal = torch.tensor(k / 64), Normal(0.0, 1.0)
    cut = normal.icdf(1 - share)
    density = normal.log_prob(cut).exp()
    above, below = density / share, -density / (1 - share)
    variance = 1 - cut * density / (1 - share) - below**2
    torch.testing.assert_close(contrast / spread, ((above - below) / variance.sqrt()).expand(4), rtol=0.05, atol=0)
    assert not evident_topk(noise, pixels).any()


@pytest.mark.parametrize("size", [(64, 64), (16, 16, 16)])
def test_a_peak_is_marked_in_the_images_where_it_is_high_enough(size):
    theta, peak = torch.full((2, 2, *size), 0.5), (..., *[slice(4)] * len(size))
    theta[0][peak], theta[1][peak] = 0.9, 0.59
    marked = torch.zeros(2, 1, *size, dtype=torch.bool)
    marked[0][peak] = True
    assert torch.equal(evident_topk(theta, 4 ** len(size)), marked)


def test_a_flat_map_shows_nothing():
    assert not evident_topk(torch.full((2, 1, 16, 16), 0.7), 4).any()
