# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import Bernoulli, kl_divergence

from monai_medtex.losses import MultilabelCrossEntropyLoss, SoftCrossEntropyLoss
from monai_medtex.utils import InputError


def test_by_hand_in_nats():
    # teacher 3/4 and 1/2, student 1/2 and 1/4
    teacher = torch.tensor([[math.log(3.0), 0.0]])
    student = torch.tensor([[0.0, -math.log(3.0)]])
    expected = -(math.log(0.5)) - 0.5 * (math.log(0.25) + math.log(0.75))
    assert MultilabelCrossEntropyLoss()(student, teacher).item() == pytest.approx(expected, rel=1e-6)


def test_is_the_entropy_and_the_divergence_of_each_label():
    student, teacher = 3 * torch.randn(2, 7, 5, dtype=torch.float64)
    taught, learnt = Bernoulli(logits=teacher), Bernoulli(logits=student)
    expected = (taught.entropy() + kl_divergence(taught, learnt)).sum(dim=1).mean()
    torch.testing.assert_close(MultilabelCrossEntropyLoss()(student, teacher), expected)


def test_one_label_is_equation_2_of_two_classes():
    """Softmax of the logits (0, z) is the sigmoid of z."""
    student, teacher = torch.randn(2, 6, 1)
    pairs = [torch.cat([torch.zeros(6, 1), logits], dim=1) for logits in (student, teacher)]
    torch.testing.assert_close(MultilabelCrossEntropyLoss()(student, teacher), SoftCrossEntropyLoss()(*pairs))


def test_no_gradient_flows_into_the_teacher_and_half_precision_is_raised():
    student, teacher = torch.zeros(2, 3, requires_grad=True), torch.zeros(2, 3, requires_grad=True)
    loss = MultilabelCrossEntropyLoss()(student.bfloat16(), teacher.bfloat16())
    assert loss.dtype == torch.float32
    loss.backward()
    assert student.grad is not None
    assert teacher.grad is None


def test_shapes_must_agree():
    with pytest.raises(InputError, match="one shape"):
        MultilabelCrossEntropyLoss()(torch.zeros(2, 3), torch.zeros(2, 4))
