# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math

import pytest
import torch
from monai.data import MetaTensor
from torch.distributions import Categorical, kl_divergence

from monai_medtex.metrics import PredictiveKL, predictive_kl
from monai_medtex.utils import InputError


def random_logits(images: int = 32, classes: int = 5, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return tuple(3 * torch.randn(images, classes, generator=generator) for _ in range(2))


@pytest.mark.parametrize("classes", [2, 5])
def test_matches_torch_distributions(classes):
    student, teacher = random_logits(classes=classes)
    expected = kl_divergence(Categorical(logits=teacher.double()), Categorical(logits=student.double()))
    torch.testing.assert_close(predictive_kl(student, teacher).double(), expected, rtol=1e-4, atol=1e-5)


def test_by_hand_in_nats():
    # teacher (3/4, 1/4), student (1/2, 1/2): 3/4 ln(3/2) + 1/4 ln(1/2).
    teacher, student = torch.tensor([[math.log(3.0), 0.0]]), torch.zeros(1, 2)
    expected = 0.75 * math.log(1.5) + 0.25 * math.log(0.5)
    assert predictive_kl(student, teacher).item() == pytest.approx(expected, rel=1e-6)


def test_zero_for_logits_that_differ_by_a_constant_and_never_negative():
    student, _ = random_logits()
    divergence = predictive_kl(student + 7, student)
    assert divergence.min() >= 0
    torch.testing.assert_close(divergence, torch.zeros(32), rtol=0, atol=1e-5)


LARGEST = torch.finfo(torch.float32).max


@pytest.mark.parametrize(
    ("student", "teacher", "expected"),
    [
        ([1e4, -1e4], [1e4, -1e4], 0.0),
        ([-1e4, 1e4], [1e4, -1e4], 2e4),  # -log p_S of the teacher's only class
        ([0.0, 0.0], [1e4, -1e4], math.log(2)),
        ([0.0, 0.0], [LARGEST, -LARGEST], math.log(2)),  # log p_T of class 1 overflows to -inf, where p_T = 0
        ([LARGEST, -LARGEST], [LARGEST, -LARGEST], 0.0),
    ],
)
def test_extreme_logits(student, teacher, expected):
    divergence = predictive_kl(torch.tensor([student]), torch.tensor([teacher]))
    assert divergence.item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("nan_in", ["student", "teacher"])
def test_nan_logits_are_not_hidden(nan_in):
    logits = {"student": torch.zeros(2, 2), "teacher": torch.zeros(2, 2)}
    logits[nan_in][1] = torch.nan
    divergence = predictive_kl(logits["student"], logits["teacher"])
    assert divergence.isnan().tolist() == [False, True]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_single(dtype):
    student, teacher = (logits.to(dtype) for logits in random_logits())
    divergence = predictive_kl(student, teacher)
    assert divergence.dtype == torch.float32
    assert torch.equal(divergence, predictive_kl(student.float(), teacher.float()))


def test_shapes_must_match():
    with pytest.raises(InputError, match=r"\(4, 2\) and \(4, 3\)"):
        predictive_kl(torch.zeros(4, 2), torch.zeros(4, 3))


@pytest.mark.parametrize("form", ["tensor", "list", "meta"])
def test_metric_is_the_mean_over_images_of_all_updates(form):
    student, teacher = random_logits(seed=1)
    metric = PredictiveKL()
    for part in (slice(0, 5), slice(5, 32)):
        match form:
            case "tensor":
                metric(student[part], teacher[part])
            case "list":
                metric(list(student[part]), list(teacher[part]))
            case "meta":
                metric([MetaTensor(s) for s in student[part]], [MetaTensor(t) for t in teacher[part]])
    expected = kl_divergence(Categorical(logits=teacher.double()), Categorical(logits=student.double())).mean()
    assert metric.aggregate().shape == ()
    assert metric.aggregate().item() == pytest.approx(expected.item(), rel=1e-5)
    assert metric.get_buffer().shape == (32, 1)


def test_no_images_give_nan():
    assert math.isnan(PredictiveKL().aggregate())
