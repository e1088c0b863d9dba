# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch
from torch.distributions import Normal

from monai_medtex.metrics import evident_topk, map_background, topk_mask, topk_pixels


def test_background_by_hand():
    theta = torch.tensor([[[[0.9, 0.7, 0.1, 0.2, 0.4]]], [[[0.5, 0.5, 0.5, 0.5, 0.5]]]])
    level, spread = map_background(theta, topk_mask(theta, 2))
    torch.testing.assert_close(level, torch.tensor([0.2, 0.5]))
    torch.testing.assert_close(spread, torch.tensor([1.4826 * 0.1, 0.0]))  # of 0.1, 0 and 0.2 the median is 0.1


@pytest.mark.parametrize("k", [1, 3, 6])
@pytest.mark.parametrize("scale", [0.001, 0.1])
def test_noise_does_not_stand_out(k, scale):
    noise = 0.5 + scale * torch.randn(4, 1, 128, 128, generator=torch.Generator().manual_seed(0))
    pixels = topk_pixels((128, 128), k)
    level, spread = map_background(noise, topk_mask(noise, pixels))
    half, normal = torch.tensor((1 - k / 64) / 2), Normal(0.0, 1.0)
    middle, width = (level - 0.5) / scale, spread / scale / 1.4826
    torch.testing.assert_close(middle, normal.icdf(half).expand(4), rtol=0, atol=0.03)
    within = normal.cdf(middle + width) - normal.cdf(middle - width)
    torch.testing.assert_close(within, half.expand(4), rtol=0.03, atol=0)
    assert not evident_topk(noise, pixels).any()


@pytest.mark.parametrize("width", [8, 32, 64])  # 0.4 %, 6 % and 25 % of the pixels; K is 4.7 % of them
def test_a_lesion_smaller_or_larger_than_k_is_found_and_nothing_else(width):
    lesion = torch.zeros(1, 1, 128, 128, dtype=torch.bool)
    lesion[..., 32 : 32 + width, 32 : 32 + width] = True
    noise = 0.02 * torch.rand(1, 1, 128, 128, generator=torch.Generator().manual_seed(0))
    k = topk_pixels((128, 128), 3)
    marked = evident_topk(torch.where(lesion, 0.9, 0.1) + noise, k)
    assert (marked & ~lesion).sum() == 0
    assert marked.sum() == min(k, width**2)
    faint = evident_topk(torch.where(lesion, 0.3, 0.1) + noise, k)
    assert faint.any() == (width > 8)  # over K pixels, 64 that lie 0.2 above the rest are 0.017 on average


def test_the_dark_around_a_round_image_is_no_noise():
    rows, columns = torch.meshgrid(torch.arange(64) - 31.5, torch.arange(64) - 31.5, indexing="ij")
    theta = torch.where(rows.square() + columns.square() < 32**2, 0.4, 0.0)
    theta[28:36, 28:36] = 0.8
    assert torch.equal(evident_topk(theta[None, None], 64)[0, 0].nonzero(), (theta == 0.8).nonzero())


@pytest.mark.parametrize("size", [(64, 64), (16, 16, 16)])
def test_a_peak_is_marked_in_the_images_where_it_is_high_enough(size):
    theta, peak = torch.full((2, 2, *size), 0.5), (..., *[slice(4)] * len(size))
    theta[0][peak], theta[1][peak] = 0.9, 0.59
    marked = torch.zeros(2, 1, *size, dtype=torch.bool)
    marked[0][peak] = True
    assert torch.equal(evident_topk(theta, 4 ** len(size)), marked)


def test_a_flat_map_shows_nothing():
    assert not evident_topk(torch.full((2, 1, 16, 16), 0.7), 4).any()


@pytest.mark.parametrize(("peak", "marked"), [(0.45, 0), (0.55, 1)])
def test_one_pixel_stands_out_from_half_on(peak, marked):
    """Over K = 16 pixels a single one of 0.55 is 0.034 on average, below 0.1."""
    theta = torch.zeros(1, 1, 32, 32)
    theta[0, 0, 5, 7] = peak
    assert evident_topk(theta, 16).sum() == marked
