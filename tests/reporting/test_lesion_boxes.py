# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch

from monai_medtex.reporting.lesion_boxes import lesion_boxes


def lesion(*blocks: tuple[slice, slice]) -> torch.Tensor:
    mask = torch.zeros(1, 20, 10)
    for x, y in blocks:
        mask[0, x, y] = 1
    return mask


def test_the_largest_lesions_are_bounded_in_x_and_y_largest_first():
    mask = lesion((slice(0, 2), slice(0, 1)), (slice(5, 9), slice(3, 6)), (slice(15, 20), slice(8, 10)))
    assert lesion_boxes(mask) == [(5, 3, 4, 3), (15, 8, 5, 2), (0, 0, 2, 1)]
    assert lesion_boxes(mask, 1) == [(5, 3, 4, 3)]


def test_lesions_that_touch_by_a_corner_are_one():
    assert lesion_boxes(lesion((slice(2, 4), slice(2, 4)), (slice(4, 5), slice(4, 5)))) == [(2, 2, 3, 3)]


def test_a_winding_lesion_is_one():
    mask = lesion((slice(0, 20), slice(0, 1)), (slice(19, 20), slice(0, 10)), (slice(0, 20), slice(9, 10)))
    assert lesion_boxes(mask) == [(0, 0, 20, 10)]


@pytest.mark.parametrize("mask", [torch.zeros(1, 6, 4), torch.zeros(1, 6, 4, dtype=torch.bool)])
def test_without_lesion_there_is_no_box(mask):
    assert lesion_boxes(mask) == []
