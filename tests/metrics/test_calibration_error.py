# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch

from monai_medtex.metrics import calibration_error, expected_calibration_error
from monai_medtex.utils import InputError


def test_by_hand():
    """Two bins: (0, 0.5] holds 0.5 and 0.5 with one hit, (0.5, 1] holds 0.9, 0.7 and 0.8 with one hit."""
    confidence = torch.tensor([0.5, 0.9, 0.7, 0.5, 0.8])
    correct = torch.tensor([True, False, True, False, False])
    expected = 2 / 5 * abs(1 / 2 - 0.5) + 3 / 5 * abs(1 / 3 - 0.8)
    assert calibration_error(confidence, correct, bins=2).item() == pytest.approx(expected)


def test_matches_a_loop_over_bins():
    generator = torch.Generator().manual_seed(0)
    probabilities = torch.randn(300, 4, generator=generator).mul(2).softmax(dim=1)
    labels = torch.randint(4, (300,), generator=generator)
    expected, rows = 0.0, list(zip(probabilities.tolist(), labels.tolist(), strict=True))
    for b in range(15):
        members = [(max(p), p.index(max(p)) == label) for p, label in rows if b / 15 < max(p) <= (b + 1) / 15]
        expected += abs(sum(hit - confidence for confidence, hit in members)) / 300
    assert expected_calibration_error(probabilities, labels).item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("bins", [1, 10, 15])
def test_bins_hold_their_upper_end(bins):
    """One image on each upper end, right or wrong in turns: each bin has one image, hence no cancellation."""
    ends = torch.linspace(0, 1, bins + 1)[1:]
    correct = torch.arange(bins) % 2 == 0
    expected = (correct.double() - ends.double()).abs().mean().item()
    assert calibration_error(ends, correct, bins).item() == pytest.approx(expected)


def test_a_calibrated_and_an_overconfident_classifier():
    three_of_four = torch.tensor([[0.25, 0.75]] * 4)
    assert expected_calibration_error(three_of_four, torch.tensor([1, 1, 0, 1])).item() == pytest.approx(0)
    assert expected_calibration_error(torch.tensor([[1.0, 0.0]] * 4), torch.ones(4)).item() == 1
    assert calibration_error(torch.zeros(2), torch.tensor([True, True])).item() == 1  # the lowest bin holds 0


def test_unknown_labels_are_left_out():
    probabilities = torch.tensor([[0.1, 0.9], [0.6, 0.4], [1.0, 0.0]])
    labels = torch.tensor([1, 0, -1])
    error = expected_calibration_error(probabilities, labels)
    assert error.item() == pytest.approx((0.1 + 0.4) / 2)
    assert error.item() == pytest.approx(expected_calibration_error(probabilities[:2], labels[:2]).item())
    assert expected_calibration_error(probabilities, torch.full((3,), -1)).isnan()


def test_errors():
    with pytest.raises(InputError, match=r"probabilities must be BC and labels B .* \(3, 2\) and \(2,\)"):
        expected_calibration_error(torch.zeros(3, 2), torch.zeros(2))
    with pytest.raises(InputError, match=r"both be of the shape B but have the shapes \(3,\) and \(2,\)"):
        calibration_error(torch.zeros(3), torch.zeros(2))
    with pytest.raises(InputError, match=r"confidence must be in \[0, 1\] but holds 2"):  # logits
        expected_calibration_error(torch.tensor([[2.0, -1.0]]), torch.zeros(1))
    with pytest.raises(InputError, match=r"bins must be at least 1 but is 0"):
        calibration_error(torch.zeros(1), torch.zeros(1), bins=0)


def test_a_negative_confidence_is_refused():
    with pytest.raises(InputError, match=r"confidence must be in \[0, 1\] but holds -0.5"):
        calibration_error(torch.tensor([-0.5]), torch.tensor([True]))
