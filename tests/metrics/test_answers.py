# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch
from torch.distributions import Bernoulli, kl_divergence

from monai_medtex.metrics import PredictiveKL, answer_text, label_text, log_probabilities, predictive_kl, probabilities
from monai_medtex.utils import InputError

NAMES = ["effusion", "mass", "nodule"]


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_the_answers_to_each_question_sum_to_one(activation):
    logits = 5 * torch.randn(4, 3)
    answers = log_probabilities(logits, activation).exp()
    assert answers.shape == ((4, 1, 3) if activation == "softmax" else (4, 3, 2))
    assert torch.allclose(answers.sum(dim=2), torch.ones(4, answers.shape[1]))
    first = answers[:, 0] if activation == "softmax" else answers[..., 0]
    assert torch.allclose(first, probabilities(logits, activation), atol=1e-6)


def test_the_divergence_of_labels_is_that_of_bernoulli_variables():
    student, teacher = 3 * torch.randn(2, 6, 3)
    expected = kl_divergence(Bernoulli(logits=teacher), Bernoulli(logits=student)).sum(dim=1)
    torch.testing.assert_close(predictive_kl(student, teacher, "sigmoid"), expected, rtol=1e-4, atol=1e-5)
    metric = PredictiveKL("sigmoid")
    metric(student, teacher)
    torch.testing.assert_close(metric.aggregate(), expected.mean(), rtol=1e-4, atol=1e-5)


def test_sure_labels_give_no_nan():
    assert predictive_kl(torch.tensor([[200.0]]), torch.tensor([[-200.0]]), "sigmoid").item() == pytest.approx(200)
    assert predictive_kl(torch.tensor([[200.0]]), torch.tensor([[200.0]]), "sigmoid").item() == 0


def test_answers_are_named():
    assert answer_text([0.2, 0.5, 0.3], NAMES) == "mass"
    assert answer_text([0.2, 0.6, 0.9], NAMES, "sigmoid") == "mass, nodule"
    assert answer_text([0.2, 0.5, 0.1], NAMES, "sigmoid") == "none"


def test_labels_are_named():
    assert label_text(2, NAMES) == "nodule"
    assert label_text(-1, NAMES) == label_text([-1, -1, -1], NAMES) == "unknown"
    assert label_text([1, -1, 1], NAMES) == "effusion, nodule"
    assert label_text([0, -1, 0], NAMES) == "none"


def test_another_activation_is_named():
    with pytest.raises(InputError, match="activation must be one of softmax, sigmoid but is 'relu'"):
        probabilities(torch.zeros(1, 2), "relu")


def test_class_0_has_a_name():
    assert label_text(0, ["normal", "abnormal"]) == "normal"
