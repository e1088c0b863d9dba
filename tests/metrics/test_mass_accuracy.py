# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch

from monai_medtex.metrics import MassAccuracy, mass_accuracy, mass_lift
from monai_medtex.utils import InputError

# Above the minimum of -1 the scores are 0, 1, 2, 4 and 3 of 10; the lesion is the pixels 2 and 3.
SCORES = torch.tensor([-1.0, 0.0, 1.0, 3.0, 2.0, -1.0, -1.0, -1.0]).view(1, 1, 2, 4)
LESION = torch.tensor([0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]).view(1, 1, 2, 4)


def test_by_hand():
    assert mass_accuracy(SCORES, LESION).item() == pytest.approx(6 / 10)
    assert mass_lift(SCORES, LESION).item() == pytest.approx((6 / 10) / (2 / 8))


@pytest.mark.parametrize(("scale", "shift"), [(1.0, 5.0), (0.01, -3.0), (1000.0, 0.0)])
def test_scale_and_shift_do_not_matter(scale, shift):
    moved = torch.cat([SCORES, scale * SCORES + shift])
    torch.testing.assert_close(mass_accuracy(moved, LESION.expand_as(moved)), torch.full((2,), 0.6))


def test_three_dimensions_and_channels():
    scores = torch.stack([SCORES[:, 0], 3 * SCORES[:, 0]], dim=1).view(1, 2, 2, 2, 2)
    assert mass_accuracy(scores, LESION.view(1, 1, 2, 2, 2)).item() == pytest.approx(6 / 10)


@pytest.mark.parametrize("value", [0.0, 1.0, -4.0])
def test_a_constant_map_is_at_chance(value):
    constant = torch.full_like(SCORES, value)
    assert mass_accuracy(constant, LESION).item() == pytest.approx(2 / 8)
    assert mass_lift(constant, LESION).item() == pytest.approx(1)


def test_the_lesion_itself_is_perfect_and_its_complement_void():
    assert mass_accuracy(LESION, LESION).item() == 1
    assert mass_accuracy(1 - LESION, LESION).item() == 0


def test_no_lesion_or_broken_scores_are_nan():
    scores = torch.cat([SCORES, SCORES, SCORES])
    scores[1, 0, 0, 0] = torch.nan
    lesion = torch.cat([torch.zeros_like(LESION), LESION, LESION])
    for figure in (mass_accuracy, mass_lift):
        assert figure(scores, lesion).isnan().tolist() == [True, True, False]


def test_metric():
    metric = MassAccuracy()
    lesions = torch.cat([LESION, torch.zeros_like(LESION), LESION])
    metric(torch.cat([SCORES, SCORES, torch.ones_like(SCORES)]), lesions)
    expected = {"mass_accuracy": (0.6 + 0.25) / 2, "mass_lift": (2.4 + 1) / 2, "lesion_images": 2, "empty_images": 1}
    assert metric.aggregate() == pytest.approx(expected)


def test_shapes_must_fit():
    with pytest.raises(InputError, match=r"lesion must be B1HW"):
        mass_accuracy(SCORES, LESION[0])
