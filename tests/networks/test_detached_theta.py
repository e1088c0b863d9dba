# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import torch

from monai_medtex.inferers import DistillationInferer
from monai_medtex.losses import DistillationLoss
from monai_medtex.networks import BlockCNN, DetachedTheta, Explainer, FrozenTeacher, MedTexNet


def test_the_student_learns_and_the_explainer_learns_nothing_from_it():
    teacher = FrozenTeacher(BlockCNN(2, 3, 2, (4, 8)), ["block1"])
    parts = Explainer(2, 3, channels=(2, 3)), BlockCNN(2, 3, 2, (2, 3))
    network = MedTexNet(*parts, teacher, ["block1"], (3, 16, 16), predictor_mode=DetachedTheta())
    output = DistillationInferer(teacher)(torch.rand(2, 3, 16, 16), network)
    DistillationLoss(["block1"])(output).backward()
    assert all(parameter.grad is None for parameter in network.explainer.parameters())
    assert all(parameter.grad is not None for parameter in network.student.parameters())
    assert output["theta"].requires_grad
