# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch

from monai_medtex.losses import MultiAreaLoss
from monai_medtex.utils import InputError


def distance(theta: torch.Tensor, area: float) -> float:
    """The ranking loss of one image by a plain loop."""
    values = sorted(theta.flatten().tolist())
    zeros = len(values) - round(area * len(values))
    return sum((value - (rank >= zeros)) ** 2 for rank, value in enumerate(values)) / len(values)


@pytest.mark.parametrize("shape", [(3, 1, 4, 5), (2, 3, 2, 5, 2)])
def test_is_the_distance_to_the_nearest_area_of_each_image(shape):
    level = torch.linspace(0.3, 3, shape[0], dtype=torch.float64).view(-1, *[1] * (len(shape) - 1))
    theta = torch.rand(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64) ** level
    areas = [0.1, 0.3, 0.8]
    distances = [[distance(image, area) for area in areas] for image in theta]
    assert len({each.index(min(each)) for each in distances}) > 1  # the images differ in their nearest area
    expected = sum(min(each) for each in distances) / len(distances)
    assert MultiAreaLoss(areas)(theta).item() == pytest.approx(expected)


def test_by_hand():
    """Sorted 0.1 0.2 0.6 0.9 against 0 0 1 1: (0.01 + 0.04 + 0.16 + 0.01) / 4; wherever the values stand."""
    theta = torch.tensor([0.6, 0.1, 0.9, 0.2]).view(1, 1, 2, 2)
    assert MultiAreaLoss([0.5])(theta).item() == pytest.approx(0.055)
    assert MultiAreaLoss([1.0])(theta).item() == pytest.approx((0.81 + 0.64 + 0.16 + 0.01) / 4)


def test_a_hard_mask_of_any_of_the_areas_is_free():
    for shown in (2, 5):
        theta = (torch.arange(10) < shown).float().view(1, 1, 2, 5)
        assert MultiAreaLoss([0.2, 0.5])(theta).item() == 0
        assert MultiAreaLoss([0.3, 0.9])(theta).item() > 0


def test_descent_makes_a_hard_mask_of_the_highest_values():
    theta = torch.tensor([0.45, 0.3, 0.5, 0.6, 0.2]).view(1, 1, 1, 5).requires_grad_()
    optimizer = torch.optim.SGD([theta], lr=1.0)
    for _ in range(30):
        optimizer.zero_grad()
        MultiAreaLoss([0.4, 1.0])(theta).backward()
        optimizer.step()
    torch.testing.assert_close(theta.detach().flatten(), torch.tensor([0.0, 0.0, 1.0, 1.0, 0.0]), atol=1e-3, rtol=0)


def test_half_precision_is_computed_in_single():
    loss = MultiAreaLoss([0.5])(torch.full((1, 1, 300, 300), 0.5, dtype=torch.bfloat16))
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(0.25)


@pytest.mark.parametrize("areas", [[], [0.1, 1.5], [-0.2]])
def test_refuses_what_are_no_shares(areas):
    with pytest.raises(InputError, match=r"areas must name shares in \[0, 1\] but is "):
        MultiAreaLoss(areas)
