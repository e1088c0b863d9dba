# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch

from monai_medtex.explainers import CentrePrior, MeanMaskPrior, RandomMap, RawIntensity
from monai_medtex.utils import InputError


def test_random_map_depends_on_the_seed_and_the_image_alone():
    images = torch.rand(2, 3, 8, 8)
    maps = RandomMap(seed=1).explain(images)
    assert torch.equal(RandomMap(seed=1).explain(images.flip(0)), maps.flip(0))
    assert not torch.equal(maps[0], maps[1])
    assert not torch.equal(RandomMap(seed=2).explain(images), maps)


def test_random_map_is_uniform():
    maps = RandomMap().explain(torch.rand(1, 1, 100, 100))
    assert maps.mean().item() == pytest.approx(0.5, abs=0.02)
    assert maps.var().item() == pytest.approx(1 / 12, abs=0.005)


def test_centre_prior_is_a_gaussian_of_the_relative_distance():
    theta = CentrePrior(sigma=0.25).explain(torch.zeros(2, 3, 5, 3))
    assert theta[:, 0, 2, 1].tolist() == [1.0, 1.0]
    assert torch.equal(theta, theta.flip(2, 3))
    # two pixels of five off the centre is 0.4 of the side, or 1.6 sigma
    torch.testing.assert_close(theta[0, 0, 0, 1], torch.exp(torch.tensor(-(1.6**2) / 2)))


def test_mean_mask_prior_averages_and_resizes():
    masks = torch.zeros(4, 1, 2, 2)
    masks[:, :, 0, 0] = 1
    masks[0, :, 1, 1] = 1
    prior = MeanMaskPrior(mask.bool() for mask in masks)
    expected = torch.tensor([[1.0, 0.0], [0.0, 0.25]])
    assert torch.equal(prior.explain(torch.rand(3, 3, 2, 2)), expected.expand(3, 1, 2, 2))
    larger = prior.explain(torch.rand(1, 3, 4, 6))
    assert larger.shape == (1, 1, 4, 6)
    assert larger[0, 0, 0, 0] == 1.0
    assert larger[0, 0, 3, 5] == 0.25


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        ([], "is empty"),
        ([torch.ones(8, 8)], r"number 1 has \(8, 8\)"),
        ([torch.ones(1, 8, 8), torch.ones(1, 8, 9)], r"number 2 has \(1, 8, 9\)"),
    ],
    ids=["none", "no channel", "two sizes"],
)
def test_bad_masks_are_refused(masks, message):
    with pytest.raises(InputError, match=message):
        MeanMaskPrior(masks)


def test_raw_intensity_is_the_mean_of_the_channels():
    image = torch.tensor([0.0, 0.3, 0.9]).view(1, 3, 1, 1).expand(1, 3, 2, 2)
    torch.testing.assert_close(RawIntensity().explain(image), torch.full((1, 1, 2, 2), 0.4))
