# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch
from torch import nn

from monai_medtex.networks import (
    BlockCNN,
    ConstantExplainer,
    ExplainedClassifier,
    Explainer,
    FrozenTeacher,
    MeanBaseline,
    MedTexNet,
)
from monai_medtex.utils import InputError


class Given(nn.Module):
    """An explainer whose theta is given."""

    def __init__(self, theta: torch.Tensor) -> None:
        super().__init__()
        self.theta = theta

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.theta


def real_pair(spatial_dims: int = 2, theta_channels: int = 1) -> ExplainedClassifier:
    explainer = Explainer(spatial_dims, 3, theta_channels, (2, 3))
    return ExplainedClassifier(explainer, BlockCNN(spatial_dims, 3, 2, (2, 3))).eval()


def test_the_student_sees_theta_times_the_image():
    x = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]])
    theta = torch.tensor([[[[0.0, 1.0], [0.5, 0.25]]]])
    seen = ExplainedClassifier(Given(theta), nn.Flatten())(x)
    assert seen.tolist() == [[0, 2, 1.5, 1, 0, 6, 3.5, 2]]


def test_removed_pixels_become_the_baseline():
    x = torch.tensor([[[[1.0, 2.0], [3.0, 6.0]]]])
    theta = torch.tensor([[[[0.0, 1.0], [0.5, 0.25]]]])
    seen = ExplainedClassifier(Given(theta), nn.Flatten(), MeanBaseline())(x)
    assert seen.tolist() == [[3, 2, 3, 0.25 * 6 + 0.75 * 3]]


def test_the_mask_is_theta_to_a_power():
    x = torch.tensor([[[[1.0, 2.0], [3.0, 6.0]]]])
    theta = torch.tensor([[[[0.0, 1.0], [0.25, 0.0625]]]])
    network = ExplainedClassifier(Given(theta), nn.Flatten(), MeanBaseline(), mask_power=0.5)
    assert network(x).tolist() == [[3, 2, 3, 0.25 * 6 + 0.75 * 3]]
    assert torch.equal(network.explain(x), theta)


def test_the_power_of_the_mask_must_be_positive():
    with pytest.raises(InputError, match="^mask_power must be positive but is 0.$"):
        ExplainedClassifier(nn.Identity(), nn.Identity(), mask_power=0)


def test_each_channel_can_have_its_own_theta():
    x = torch.tensor([[[[1.0, 2.0]], [[5.0, 6.0]]]])
    theta = torch.tensor([[[[0.5, 1.0]], [[0.0, 0.25]]]])
    assert ExplainedClassifier(Given(theta), nn.Flatten())(x).tolist() == [[0.5, 2, 0, 1.5]]


def test_forward_is_explain_then_classify():
    network, x = real_pair(), torch.rand(2, 3, 16, 16)
    theta = network.explain(x)
    assert torch.equal(theta, network.explainer(x))
    assert torch.equal(network(x), network.student(theta * x))
    assert torch.equal(network(x), network.classify(x, theta))


def test_without_an_explainer_the_student_sees_the_image():
    student, x = BlockCNN(2, 3, 2, (2, 3)).eval(), torch.rand(2, 3, 16, 16)
    assert torch.equal(ExplainedClassifier(ConstantExplainer(), student)(x), student(x))


@pytest.mark.parametrize(("size", "theta_channels"), [((16, 16), 1), ((17, 23), 3), ((8, 10, 9), 1)])
def test_a_script_gives_the_same(size, theta_channels):
    network, x = real_pair(len(size), theta_channels), torch.rand(2, 3, *size)
    script = torch.jit.script(network)
    torch.testing.assert_close(script(x), network(x))
    torch.testing.assert_close(script.explain(x), network.explain(x))
    torch.testing.assert_close(script.classify(x, 0.5 * x), network.classify(x, 0.5 * x))


def test_a_trace_gives_the_same():
    network = real_pair()
    trace, x = torch.jit.trace(network, torch.rand(1, 3, 16, 16)), torch.rand(3, 3, 16, 16)
    torch.testing.assert_close(trace(x), network(x))


def test_it_is_what_training_deploys():
    layers = ("block1", "block2")
    teacher = FrozenTeacher(BlockCNN(2, 3, 2, (4, 8)), layers)
    trained = MedTexNet(Explainer(2, 3, channels=(2, 3)), BlockCNN(2, 3, 2, (2, 3)), teacher, layers, (3, 16, 16))
    deployable, alone, x = trained.deployable(), real_pair(), torch.rand(2, 3, 16, 16)
    assert type(deployable) is ExplainedClassifier
    assert list(deployable.state_dict()) == list(alone.state_dict())
    alone.load_state_dict(deployable.state_dict(), strict=True)
    assert torch.equal(alone(x), trained.eval()(x))
    with torch.no_grad():
        trained.student.fc.bias += 1  # the weights are shared
    assert torch.allclose(deployable(x), alone(x) + 1, atol=1e-6)
