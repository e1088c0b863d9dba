# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch
from monai.networks.nets import resnet18
from torch import nn
from torch.nn import functional as F

from monai_medtex.inferers import DistillationInferer, ExplanationInferer
from monai_medtex.losses import DistillationLoss
from monai_medtex.networks import AttentionClassifier, BlockCNN, ConcreteGate, FrozenTeacher, SoftGate
from monai_medtex.utils import InputError


def small_resnet(dims: int = 2, **options: object) -> nn.Module:
    # 8 channels: with 4, torch 2.13's oneDNN corrupts the heap in the backward pass on a CPU without AVX-512
    return resnet18(
        spatial_dims=dims, n_input_channels=3, num_classes=2, conv1_t_stride=2, widen_factor=1 / 8, **options
    )


class OpenGate(nn.Module):
    def forward(self, scores: torch.Tensor) -> torch.Tensor:
        return torch.ones_like(scores)


def test_with_an_open_gate_it_is_its_backbone():
    backbone = small_resnet().eval()
    x = torch.rand(2, 3, 128, 128)
    torch.testing.assert_close(AttentionClassifier(backbone, OpenGate()).eval()(x), backbone(x))


@pytest.mark.parametrize(("size", "grid"), [((128, 128), 8), ((64, 96), 4), ((32, 32, 48), 2)])
def test_theta_is_constant_on_every_patch_and_the_softmax_over_its_maximum(size, grid):
    network = AttentionClassifier(small_resnet(len(size)), SoftGate(), grid).eval()
    x = torch.rand(2, 3, *size)
    theta = network.explain(x)
    assert theta.shape == (2, 1, *size)
    assert theta.flatten(1).amax(1).tolist() == [1, 1]
    pool = F.adaptive_avg_pool2d if len(size) == 2 else F.adaptive_avg_pool3d
    patches = pool(network.scores.logit(network.trunk(x)), grid).flatten(1).softmax(1)
    expected = (patches / patches.amax(1, keepdim=True)).view(2, 1, *[grid] * len(size))
    for axis, pixels in enumerate(size, start=2):
        expected = expected.repeat_interleave(pixels // grid, dim=axis)
    torch.testing.assert_close(theta, expected)


def test_a_gate_that_opens_one_patch_passes_its_features_alone():
    network = AttentionClassifier(small_resnet(), ConcreteGate(1, 1.0, straight_through=True)).eval()
    seen = []
    network.head[0].register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
    x = torch.rand(1, 3, 128, 128)
    output = network(x, distill=True)
    (best,) = (output["theta"][:, :, 8::16, 8::16].flatten() == 1).nonzero().flatten().tolist()
    features = network.trunk(x).flatten(2)
    alone = torch.zeros_like(features)
    alone[..., best] = features[..., best]
    torch.testing.assert_close(seen[0].flatten(2), alone)


@pytest.mark.parametrize("size", [64, 100, 128])
def test_explain_then_classify_is_forward(size):
    network = AttentionClassifier(small_resnet(), ConcreteGate(3)).eval()
    x = torch.rand(2, 3, size, size)
    output = ExplanationInferer()(x, network)
    whole = network(x, distill=True)
    torch.testing.assert_close(output["logits"], whole["logits"])
    torch.testing.assert_close(network(x), whole["logits"])
    torch.testing.assert_close(output["theta"], whole["theta"])
    assert network.deployable() is network


@pytest.mark.parametrize("gate", [SoftGate(), ConcreteGate(6, 1.0, straight_through=True)])
def test_learns_every_parameter_from_the_teacher(gate):
    torch.manual_seed(0)
    teacher, network = FrozenTeacher(BlockCNN(2, 3, 2)), AttentionClassifier(small_resnet(), gate)
    output = DistillationInferer(teacher)(torch.rand(4, 3, 64, 64), network)
    DistillationLoss()(output).backward()
    # a shift of all logits changes no softmax, so their bias has no gradient but rounding
    idle = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert set(idle) <= {"scores.logit.bias"}


def test_refuses_a_backbone_without_head():
    with pytest.raises(InputError, match="feed_forward=False"):
        AttentionClassifier(small_resnet(feed_forward=False), SoftGate())
