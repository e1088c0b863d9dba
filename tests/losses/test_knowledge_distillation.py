# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import Categorical, kl_divergence

from monai_medtex.losses import KnowledgeDistillationLoss, SoftCrossEntropyLoss


def random_logits(classes: int = 4, images: int = 6, dtype=torch.float32) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    student, teacher = (3 * torch.randn(images, classes, generator=generator) for _ in range(2))
    return student.to(dtype), teacher.to(dtype)


def loop(student: torch.Tensor, teacher: torch.Tensor, temperature: float) -> float:
    def probabilities(row):
        powers = [math.exp(logit / temperature) for logit in row]
        return [power / sum(powers) for power in powers]

    total = 0.0
    for row_s, row_t in zip(student.tolist(), teacher.tolist(), strict=True):
        pairs = zip(probabilities(row_t), probabilities(row_s), strict=True)
        total += sum(p * math.log(p / q) for p, q in pairs)
    return temperature**2 * total / len(student)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0, 20.0])
def test_matches_a_loop_over_images_and_classes(temperature):
    student, teacher = random_logits()
    loss = KnowledgeDistillationLoss(temperature)(student, teacher)
    assert loss.item() == pytest.approx(loop(student, teacher, temperature), rel=1e-4)


def test_at_temperature_1_it_is_the_soft_cross_entropy_less_the_teachers_entropy():
    student, teacher = random_logits()
    loss = KnowledgeDistillationLoss(1)(student, teacher)
    entropy = Categorical(logits=teacher).entropy().mean()
    torch.testing.assert_close(loss, SoftCrossEntropyLoss()(student, teacher) - entropy)
    divergence = kl_divergence(Categorical(logits=teacher), Categorical(logits=student))
    torch.testing.assert_close(loss, divergence.mean())


def test_is_zero_where_the_student_is_the_teacher():
    _, teacher = random_logits()
    assert KnowledgeDistillationLoss()(teacher - 2, teacher).item() == pytest.approx(0, abs=1e-5)


def test_gradients_keep_their_size_at_high_temperatures():
    # their limit is the difference of the centred logits over the number of classes (Hinton et al., section 2.1)
    student, teacher = random_logits(dtype=torch.float64)
    student.requires_grad_()
    KnowledgeDistillationLoss(1e4)(student, teacher).backward()
    difference = student.detach() - teacher
    expected = (difference - difference.mean(dim=1, keepdim=True)) / (4 * len(student))
    torch.testing.assert_close(student.grad, expected, rtol=1e-2, atol=1e-4)


def test_gradient_in_double_precision():
    student, teacher = random_logits(dtype=torch.float64)
    assert torch.autograd.gradcheck(KnowledgeDistillationLoss(), (student.requires_grad_(), teacher))


def test_no_gradient_reaches_the_teacher():
    student, teacher = (logits.requires_grad_() for logits in random_logits())
    KnowledgeDistillationLoss()(student, teacher).backward()
    assert teacher.grad is None


def test_extreme_logits_stay_finite():
    student = torch.tensor([[1e4, -1e4]], requires_grad=True)
    loss = KnowledgeDistillationLoss(1)(student, torch.tensor([[-1e4, 1e4]]))
    loss.backward()
    assert loss.item() == pytest.approx(2e4)
    assert student.grad.tolist() == [[1, -1]]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_single(dtype):
    student, teacher = random_logits(dtype=dtype)
    loss = KnowledgeDistillationLoss(2)(student, teacher)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(loop(student.double(), teacher.double(), 2), rel=1e-4)


@pytest.mark.parametrize("temperature", [0, -1])
def test_a_temperature_that_is_not_positive_is_refused(temperature):
    with pytest.raises(ValueError, match=f"temperature must be positive but is {temperature}"):
        KnowledgeDistillationLoss(temperature)


@pytest.mark.parametrize("shape", [(6, 2), (1, 3)])
def test_logits_of_two_shapes_are_refused(shape):
    with pytest.raises(ValueError, match=r"one shape but have \(6, 3\) and \("):
        KnowledgeDistillationLoss()(torch.zeros(6, 3), torch.zeros(shape))
