# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math

import pytest
import torch

from monai_medtex.losses import DeletionLoss


def test_is_the_surprise_at_any_other_class():
    teacher = torch.tensor([[0.0, 3.0, 1.0], [2.0, 0.0, 0.0]])
    deleted = torch.tensor([[0.2, 0.3, 0.5], [0.9, 0.05, 0.05]]).log()
    expected = -(torch.tensor([0.7, 0.1]).log()).mean()
    torch.testing.assert_close(DeletionLoss()(deleted, teacher), expected)


def test_falls_as_the_class_goes_and_teaches_the_teacher_nothing():
    teacher = torch.tensor([[0.0, 3.0]], requires_grad=True)
    deleted = torch.tensor([[0.0, 50.0]], requires_grad=True)
    loss = DeletionLoss()(deleted, teacher)
    loss.backward()
    assert loss.item() == pytest.approx(50)
    assert deleted.grad.tolist() == [pytest.approx([-1, 1])]
    assert teacher.grad is None


def test_shapes_must_fit():
    with pytest.raises(ValueError, match="must have one shape"):
        DeletionLoss()(torch.zeros(1, 2), torch.zeros(1, 3))


def test_deletion_is_judged_in_single_precision():
    loss = DeletionLoss()(torch.tensor([[8.0, -8.0]], dtype=torch.bfloat16), torch.tensor([[1.0, 0.0]]))
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(16 + math.log1p(math.exp(-16)), rel=1e-6)
