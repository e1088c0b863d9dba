# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import torch
from torch import nn

from monai_medtex.networks import BlockCNN, ConstantBaseline, FrozenTeacher, TeacherInLoop


class MeanOfPixels(nn.Module):
    """A classifier whose logits are the mean of the image and its negative."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mean = x.flatten(1).mean(dim=1)
        return torch.stack([mean, -mean], dim=1)


def test_kept_and_deleted_share_out_the_image():
    x, theta = torch.tensor([[[[1.0, 3.0]]]]), torch.tensor([[[[0.0, 0.5]]]])
    judged = TeacherInLoop(FrozenTeacher(MeanOfPixels()), ConstantBaseline(-1.0))(x, theta)
    kept, deleted = (-1 + 1) / 2, (1 + 1) / 2
    assert judged["kept_logits"].tolist() == [[kept, -kept]]
    assert judged["deleted_logits"].tolist() == [[deleted, -deleted]]


def test_by_default_what_is_removed_is_black():
    x, theta = torch.rand(2, 1, 4, 4), torch.rand(2, 1, 4, 4)
    judged = TeacherInLoop(FrozenTeacher(MeanOfPixels()))(x, theta)
    torch.testing.assert_close(judged["kept_logits"], MeanOfPixels()(theta * x))
    torch.testing.assert_close(judged["deleted_logits"], MeanOfPixels()((1 - theta) * x))


def test_gradients_reach_theta_and_never_the_teacher():
    teacher = FrozenTeacher(BlockCNN(2, 3, 2, (4,)))
    theta = torch.rand(2, 1, 8, 8, requires_grad=True)
    judged = TeacherInLoop(teacher)(torch.rand(2, 3, 8, 8), theta)
    (judged["kept_logits"].sum() + judged["deleted_logits"][:, 0].sum()).backward()
    assert theta.grad.any()
    assert all(parameter.grad is None for parameter in teacher.parameters())
    assert not teacher.network.training
