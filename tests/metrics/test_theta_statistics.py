# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math

import pytest
import torch
from monai.data import MetaTensor

from monai_medtex.metrics import ThetaStatistics, theta_statistics


def test_by_hand():
    # mean 0.5, deviations -0.5 0.5 -0.25 0.25; above 0.5: 2 of 4; saturated: 0 and 1.
    theta = torch.tensor([0.0, 1.0, 0.25, 0.75]).view(1, 1, 2, 2)
    assert theta_statistics(theta)[0].tolist() == pytest.approx([0.5, math.sqrt(0.625 / 4), 0.5, 0.5])


def test_padding_is_no_part_of_the_image():
    theta = torch.tensor([0.0, 1.0, 0.25, 0.75, 0.9, 0.9]).view(1, 1, 3, 2)
    lesion = torch.tensor([0.0, 1, 0, 0, -1, -1]).view(1, 1, 3, 2)
    assert theta_statistics(theta, lesion).equal(theta_statistics(theta[:, :, :2]))
    colours = theta.repeat(1, 3, 1, 1)
    assert theta_statistics(colours, lesion)[0].tolist() == pytest.approx([0.5, math.sqrt(0.625 / 4), 0.5, 0.5])
    metric = ThetaStatistics()
    metric(theta, lesion)
    assert metric.aggregate()["theta_mean"] == 0.5


@pytest.mark.parametrize(
    ("value", "above_half", "saturated"), [(0.5, 0, 0), (0.011, 0, 0), (0.009, 0, 1), (0.991, 1, 1)]
)
def test_thresholds(value, above_half, saturated):
    statistics = theta_statistics(torch.full((2, 3, 4, 4), value))
    for row in statistics.tolist():
        assert row == pytest.approx([value, 0, above_half, saturated], abs=1e-6)


@pytest.mark.parametrize("shape", [(4, 1, 9, 7), (4, 3, 8, 8), (4, 1, 4, 5, 6)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_matches_a_loop_over_values(shape, dtype):
    theta = torch.rand(shape, generator=torch.Generator().manual_seed(0)).mul(1.1).clamp(0, 1).to(dtype)
    rows = theta_statistics(theta)
    assert rows.dtype == torch.float32
    for image, row in zip(theta, rows.tolist(), strict=True):
        values = [value.item() for value in image.flatten()]
        mean = sum(values) / len(values)
        std = math.sqrt(sum((value - mean) ** 2 for value in values) / len(values))
        above = sum(value > 0.5 for value in values) / len(values)
        saturated = sum(value < 0.01 or value > 0.99 for value in values) / len(values)
        assert row == pytest.approx([mean, std, above, saturated], rel=1e-5)


@pytest.mark.parametrize("form", ["tensor", "list", "meta", "pair"])
def test_metric_is_the_mean_over_images_of_all_updates(form):
    theta = torch.rand(5, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    metric = ThetaStatistics()
    for part in (theta[:1], theta[1:]):
        match form:
            case "tensor":
                metric(part)
            case "list":
                metric(list(part))
            case "meta":
                metric([MetaTensor(image) for image in part])
            case "pair":
                metric(part, part)  # as a MONAI handler calls it
    columns = torch.stack([theta_statistics(image[None])[0] for image in theta]).T.tolist()
    names = ("theta_mean", "theta_std", "theta_above_half", "theta_saturated")
    expected = {name: sum(column) / 5 for name, column in zip(names, columns, strict=True)}
    assert metric.aggregate() == pytest.approx(expected, rel=1e-6)
    assert metric.get_buffer().shape == (5, 4)


def test_no_images_give_nan():
    figures = ThetaStatistics().aggregate()
    assert len(figures) == 4
    assert all(math.isnan(figure) for figure in figures.values())
