# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import Categorical, kl_divergence

from monai_medtex.losses import SoftCrossEntropyLoss


def random_logits(classes: int, images: int = 6, dtype=torch.float32) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(classes)
    student, teacher = (3 * torch.randn(images, classes, generator=generator) for _ in range(2))
    return student.to(dtype), teacher.to(dtype)


def loop(student: torch.Tensor, teacher: torch.Tensor) -> float:
    total = 0.0
    for row_s, row_t in zip(student.tolist(), teacher.tolist(), strict=True):
        sum_s, sum_t = (sum(math.exp(logit) for logit in row) for row in (row_s, row_t))
        total -= sum(
            math.exp(logit_t) / sum_t * math.log(math.exp(logit_s) / sum_s)
            for logit_s, logit_t in zip(row_s, row_t, strict=True)
        )
    return total / len(student)


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_matches_a_loop_over_images_and_classes(classes):
    student, teacher = random_logits(classes)
    assert SoftCrossEntropyLoss()(student, teacher).item() == pytest.approx(loop(student, teacher), rel=1e-5)


@pytest.mark.parametrize("classes", [2, 5])
def test_is_the_divergence_plus_the_teachers_entropy(classes):
    student, teacher = random_logits(classes)
    taught = Categorical(logits=teacher)
    expected = (kl_divergence(taught, Categorical(logits=student)) + taught.entropy()).mean()
    torch.testing.assert_close(SoftCrossEntropyLoss()(student, teacher), expected)


def test_is_least_where_the_student_is_the_teacher():
    student, teacher = random_logits(4)
    entropy = Categorical(logits=teacher).entropy().mean()
    loss = SoftCrossEntropyLoss()
    torch.testing.assert_close(loss(teacher + 7, teacher), entropy)  # logits are known up to a constant
    assert loss(student, teacher) > entropy
    assert loss(teacher + 0.1 * student, teacher) > entropy


def test_gradient_is_the_difference_of_the_probabilities():
    student, teacher = random_logits(3)
    student.requires_grad_()
    SoftCrossEntropyLoss()(student, teacher).backward()
    torch.testing.assert_close(student.grad, (student.softmax(1) - teacher.softmax(1)).detach() / len(student))


def test_gradient_in_double_precision():
    student, teacher = random_logits(3, dtype=torch.float64)
    assert torch.autograd.gradcheck(SoftCrossEntropyLoss(), (student.requires_grad_(), teacher))


def test_no_gradient_reaches_the_teacher():
    student, teacher = (logits.requires_grad_() for logits in random_logits(3))
    SoftCrossEntropyLoss()(student, teacher).backward()
    assert teacher.grad is None


def test_extreme_logits_stay_finite():
    student = torch.tensor([[1e4, -1e4], [-1e4, 1e4], [1e4, 1e4]], requires_grad=True)
    teacher = torch.tensor([[-1e4, 1e4], [-1e4, 1e4], [1e4, -1e4]])
    loss = SoftCrossEntropyLoss()(student, teacher)
    assert loss.item() == pytest.approx((2e4 + 0 + math.log(2)) / 3)
    loss.backward()
    torch.testing.assert_close(student.grad, torch.tensor([[1.0, -1.0], [0, 0], [-0.5, 0.5]]) / 3)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_single(dtype):
    student, teacher = random_logits(5, dtype=dtype)
    loss = SoftCrossEntropyLoss()(student, teacher)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(loop(student.double(), teacher.double()), rel=1e-5)


@pytest.mark.parametrize("shape", [(6, 2), (1, 3), (3,)])
def test_logits_of_two_shapes_are_refused(shape):
    with pytest.raises(ValueError, match=r"one shape but have \(6, 3\) and \("):
        SoftCrossEntropyLoss()(torch.zeros(6, 3), torch.zeros(shape))
