# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import itertools

import pytest
import torch

from monai_medtex.losses import TotalVariationLoss


@pytest.mark.parametrize("size", [(4, 5), (2, 3, 4)])
def test_matches_a_loop_over_pairs_of_neighbours(size):
    theta = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    differences = []
    for place in itertools.product(*map(range, theta.shape)):
        for axis in range(2, theta.ndim):
            if place[axis] + 1 < theta.shape[axis]:
                neighbour = (*place[:axis], place[axis] + 1, *place[axis + 1 :])
                differences.append(abs(theta[place] - theta[neighbour]).item())
    assert TotalVariationLoss()(theta).item() == pytest.approx(sum(differences) / len(differences))


def test_by_hand():
    """0 1 | 0 0: one of the two pairs along each axis differs by 1."""
    assert TotalVariationLoss()(torch.tensor([[[[0.0, 1.0], [0.0, 0.0]]]])).item() == 0.5
    assert TotalVariationLoss()(torch.full((2, 3, 4, 4), 0.7)).item() == 0


def test_images_and_channels_are_no_neighbours():
    theta = torch.arange(6.0).view(2, 3, 1, 1).expand(2, 3, 4, 4)
    assert TotalVariationLoss()(theta).item() == 0


def test_one_row_has_neighbours_along_the_other_axis():
    assert TotalVariationLoss()(torch.tensor([0.0, 0.5, 0.0]).view(1, 1, 1, 3)).item() == 0.5


def test_half_precision_is_computed_in_single():
    theta = torch.tensor([0.0, 1.0]).half().repeat(1, 1, 400, 200)  # 159,800 pairs, which float16 can't count
    loss = TotalVariationLoss()(theta)
    assert loss.dtype == torch.float32
    # in each row 399 pairs of 400 values all differ; down the columns none do
    rows, columns = 400, 400
    assert loss.item() == pytest.approx(rows * (columns - 1) / (rows * (columns - 1) + columns * (rows - 1)))
