# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch
from monai.data import MetaTensor

from monai_medtex.data import ScaleVolumed
from monai_medtex.utils import InputError


def scaled(image: torch.Tensor, **options: object) -> torch.Tensor:
    return ScaleVolumed("image", **options)({"image": image, "label": 1})["image"]


def test_each_channel_by_its_minimum_and_its_brightest_but_a_thousandth():
    """Of 0 to 2000, of 2001 voxels, 1998 is the 99.9th percentile."""
    ramp = torch.arange(2001.0).reshape(1, 3, 23, 29)
    result = scaled(torch.cat([ramp, ramp * 10 - 300]))
    expected = (ramp / 1998).clamp(max=1)
    torch.testing.assert_close(result, torch.cat([expected, expected]))


@pytest.mark.parametrize("bright", [0.02, 900.0])
def test_fewer_bright_voxels_than_a_thousandth_are_scaled_by_the_maximum(bright):
    channel = torch.full((1, 10, 10, 20), -5.0)
    channel[0, 1, 2, 3] = bright
    channel[0, 3, 2, 1] = (bright - 5) / 2
    result = scaled(channel)
    assert result[0, 1, 2, 3] == 1
    assert result[0, 3, 2, 1] == pytest.approx(0.5)
    assert result.sum() == pytest.approx(1.5)


def test_a_channel_of_one_value_becomes_zero():
    assert not scaled(torch.full((1, 4, 4, 4), 7.0)).any()


def test_a_given_range_becomes_0_to_1_and_the_place_is_kept():
    image = MetaTensor(
        torch.tensor([[[[-300.0, -100.0, 0.0, 50.0, 100.0, 999.0]]]]), affine=torch.diag(torch.arange(1.0, 5))
    )
    result = scaled(image, intensity_range=[-100, 100])
    assert result.flatten().tolist() == pytest.approx([0, 0, 0.5, 0.75, 1, 1])
    assert torch.equal(result.affine, image.affine)


@pytest.mark.parametrize("value", [[40], [800, -200], [100, 100], 5, ["a", "b"], [0, float("nan")], [1, 2, 3], True])
def test_what_is_no_range_is_refused(value):
    with pytest.raises(InputError, match=r"^intensity_range must be two numbers, the lower one first, got "):
        ScaleVolumed("image", value)
