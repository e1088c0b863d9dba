# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math

import pytest
import torch
from monai.data import MetaTensor

from monai_medtex.metrics import HitRate, hit
from monai_medtex.utils import InputError


def spot(*spatial: int, at: int) -> torch.Tensor:
    flat = torch.zeros(math.prod(spatial))
    flat[at] = 1
    return flat.view(1, 1, *spatial)


@pytest.mark.parametrize("spatial", [(4, 5), (4, 5, 3)])
def test_the_highest_pixel_decides(spatial):
    lesion = spot(*spatial, at=7) + spot(*spatial, at=8)
    scores = torch.cat([spot(*spatial, at=pixel) - 5 for pixel in (7, 8, 9)])
    assert hit(scores, lesion.expand(3, 1, *spatial)).tolist() == [1, 1, 0]


def test_channels_are_averaged():
    scores = torch.cat([spot(4, 4, at=0), 3 * spot(4, 4, at=5)], dim=1)
    assert hit(scores, spot(4, 4, at=5)).item() == 1
    assert hit(scores, spot(4, 4, at=0)).item() == 0


def test_no_lesion_is_nan_not_a_hit():
    lesion = torch.cat([torch.zeros(1, 1, 4, 4), spot(4, 4, at=3)])
    result = hit(MetaTensor(lesion), MetaTensor(lesion))
    assert result.isnan().tolist() == [True, False]
    assert type(result) is torch.Tensor


def test_a_constant_map_hits_at_the_lesions_share():
    """Over 400 seeds the hits are binomial with the lesion's share of 1/4; an unbroken tie would always hit."""
    lesion = torch.zeros(1, 1, 8, 8)
    lesion.view(-1)[:16] = 1
    rate = sum(hit(torch.ones(1, 1, 8, 8), lesion, seed).item() for seed in range(400)) / 400
    assert abs(rate - 0.25) < 4 * (0.25 * 0.75 / 400) ** 0.5


def test_metric_counts_images_without_lesion():
    metric = HitRate(seed=3)
    scores = torch.cat([spot(4, 4, at=pixel) for pixel in (1, 2, 3, 4)])
    lesion = torch.cat([spot(4, 4, at=1), spot(4, 4, at=9), torch.zeros(1, 1, 4, 4), spot(4, 4, at=4)])
    metric(scores[:3], lesion[:3])
    metric([scores[3]], [lesion[3]])
    assert metric.aggregate() == pytest.approx({"hit_rate": 2 / 3, "lesion_images": 3, "empty_images": 1})
    metric.reset()
    metric(torch.ones(1, 1, 4, 4), lesion[:1])
    assert metric.aggregate()["hit_rate"] == hit(torch.ones(1, 1, 4, 4), lesion[:1], seed=3).item()


def test_shapes_must_fit():
    with pytest.raises(InputError, match=r"lesion must be B1HW\[D\] .* \(1, 1, 4, 5\) beside scores of \(1, 1, 4, 4\)"):
        hit(torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 4, 5))


def test_metric_without_images():
    figures = HitRate().aggregate()
    assert math.isnan(figures.pop("hit_rate"))
    assert figures == {"lesion_images": 0, "empty_images": 0}


def test_the_metric_breaks_ties_by_its_seed():
    lesion = torch.zeros(1, 1, 8, 8)
    lesion[..., :4, :] = 1

    def found(seed):
        metric = HitRate(seed)
        metric(torch.ones(1, 1, 8, 8), lesion)
        return metric.aggregate()["hit_rate"]

    assert [found(seed) for seed in range(16)] == [
        hit(torch.ones(1, 1, 8, 8), lesion, seed).item() for seed in range(16)
    ]
    assert 0 < sum(found(seed) for seed in range(16)) < 16


def test_a_value_of_lesion_of_one_half_is_no_lesion():
    assert math.isnan(hit(torch.rand(1, 1, 2, 2), torch.full((1, 1, 2, 2), 0.5)).item())
