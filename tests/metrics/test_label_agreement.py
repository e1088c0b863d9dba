# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math

import pytest
import torch
from sklearn.metrics import accuracy_score, cohen_kappa_score, f1_score

from monai_medtex.metrics import LabelAgreement
from monai_medtex.utils import InputError

NAMES = ["effusion", "mass", "nodule"]


def test_each_label_matches_scikit_learn():
    generator = torch.Generator().manual_seed(0)
    student, teacher = torch.randn(2, 40, 3, generator=generator)
    metric = LabelAgreement(NAMES)
    metric(student[:25], teacher[:25])
    metric(student[25:], teacher[25:])
    figures = metric.aggregate()
    for index, name in enumerate(NAMES):
        taught, learnt = (teacher[:, index] > 0).numpy(), (student[:, index] > 0).numpy()
        assert figures[f"agreement_accuracy_{name}"] == pytest.approx(accuracy_score(taught, learnt))
        assert figures[f"agreement_f1_{name}"] == pytest.approx(f1_score(taught, learnt))
        assert figures[f"agreement_kappa_{name}"] == pytest.approx(cohen_kappa_score(taught, learnt))
    taught, learnt = (teacher > 0).numpy(), (student > 0).numpy()
    assert figures["agreement_f1"] == pytest.approx(f1_score(taught, learnt, average="macro"))
    assert figures["agreement_exact"] == pytest.approx(accuracy_score(taught, learnt))
    assert figures["agreement_accuracy"] == pytest.approx((taught == learnt).mean())
    assert figures["agreement_count"] == 40


def test_unknown_labels_are_left_out():
    logits = torch.tensor([[1.0, 1.0, -1.0], [-1.0, 1.0, 1.0], [1.0, 1.0, 1.0]])
    labels = torch.tensor([[1, -1, 0], [1, 0, -1], [-1, -1, -1]])
    metric = LabelAgreement(NAMES, "label")
    metric(logits, labels)
    figures = metric.aggregate()
    assert figures["label_accuracy_effusion"] == 0.5
    assert figures["label_accuracy_mass"] == 0
    assert figures["label_accuracy_nodule"] == 1
    assert figures["label_accuracy"] == 0.5
    assert figures["label_exact"] == 0.5  # of the two images with a known label, the first is right
    assert figures["label_count"] == 2


def test_nothing_known_is_not_a_number():
    metric = LabelAgreement(NAMES, "label")
    metric(torch.zeros(2, 3), torch.full((2, 3), -1))
    figures = metric.aggregate()
    assert figures["label_count"] == 0
    assert all(math.isnan(value) for name, value in figures.items() if name != "label_count")


def test_takes_lists_as_after_decollation():
    whole, parts = LabelAgreement(NAMES), LabelAgreement(NAMES)
    student, teacher = torch.randn(2, 5, 3)
    whole(student, teacher)
    parts(list(student), list(teacher))
    assert parts.aggregate() == pytest.approx(whole.aggregate(), nan_ok=True)


@pytest.mark.parametrize("shape", [(4,), (4, 2)])
def test_other_shapes_are_named(shape):
    with pytest.raises(InputError, match="C = 3"):
        LabelAgreement(NAMES)(torch.zeros(4, 3), torch.zeros(shape))


def test_a_label_that_never_occurs_is_left_out_of_the_mean():
    """It has no F1 (0 / 0) and no kappa; of the other, two of three are found: F1 2 * 2 / (2 + 3)."""
    metric = LabelAgreement(["effusion", "mass"])
    metric(
        torch.tensor([[1.0, -1.0], [1.0, -1.0], [-1.0, -1.0], [-1.0, -1.0]]),
        torch.tensor([[1.0, -1.0], [1.0, -1.0], [1.0, -1.0], [-1.0, -1.0]]),
    )
    figures = metric.aggregate()
    assert math.isnan(figures["agreement_f1_mass"])
    assert figures["agreement_f1"] == pytest.approx(4 / 5)
    assert figures["agreement_kappa"] == pytest.approx((3 / 4 - 1 / 2) / (1 - 1 / 2))
