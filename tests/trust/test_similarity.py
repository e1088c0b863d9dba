# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math

import pytest
import torch
from scipy.stats import spearmanr

from monai_medtex.trust import map_ssim, random_pairs, rank_correlation


def noise(seed: int, *shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("spatial", [(20, 24), (12, 12, 14)])
def test_a_map_is_like_itself_on_any_scale(spatial):
    maps = noise(0, 2, 1, *spatial)
    torch.testing.assert_close(map_ssim(maps, 0.2 + 0.01 * maps), torch.ones(2))
    torch.testing.assert_close(rank_correlation(maps, maps.exp()), torch.ones(2))


def test_a_map_is_unlike_its_opposite_and_other_noise():
    maps = noise(0, 1, 1, 64, 64)
    assert map_ssim(maps, 1 - maps) < -0.5
    assert abs(map_ssim(maps, noise(1, 1, 1, 64, 64))) < 0.1
    torch.testing.assert_close(rank_correlation(maps, -maps), -torch.ones(1))


def test_each_image_is_compared_on_its_own():
    first, second = noise(0, 3, 2, 16, 16), noise(1, 3, 2, 16, 16)
    for measure in (map_ssim, rank_correlation):
        alone = torch.cat([measure(first[i : i + 1], second[i : i + 1]) for i in range(3)])
        torch.testing.assert_close(measure(first, second), alone)


def test_rank_correlation_is_that_of_scipy_with_ties():
    first, second = ((8 * noise(seed, 3, 1, 12, 12)).floor() for seed in (0, 1))
    expected = [spearmanr(a.flatten(), b.flatten()).statistic for a, b in zip(first, second, strict=True)]
    torch.testing.assert_close(rank_correlation(first, second), torch.tensor(expected), check_dtype=False)


def test_flat_maps_have_no_ranks():
    flat = torch.full((1, 1, 16, 16), 0.3)
    assert math.isnan(rank_correlation(flat, noise(0, 1, 1, 16, 16)))
    torch.testing.assert_close(map_ssim(flat, flat), torch.ones(1))


def test_pairs_are_of_different_images_and_none_comes_twice():
    pairs = random_pairs(20, 50)
    assert len({frozenset(pair) for pair in pairs}) == 50
    assert all(len(set(pair)) == 2 for pair in pairs)
    assert sorted(random_pairs(3, 50)) == [(0, 1), (0, 2), (1, 2)]
