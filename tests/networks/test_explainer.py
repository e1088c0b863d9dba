# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch
from torch import nn

from monai_medtex.networks import BlockCNN, ConstantExplainer, Explainer
from monai_medtex.reporting import complexity
from monai_medtex.utils import InputError

SMALL = (2, 3, 4, 5)
ODD_SIZES = [(length, length) for length in range(8, 18)] + [(8, 17), (31, 50), (9, 11, 8)]


def test_theta_lies_between_0_and_1_whatever_the_image():
    theta = Explainer(2, 3, channels=SMALL)(1e4 * torch.randn(4, 3, 16, 16))
    assert theta.min() >= 0
    assert theta.max() <= 1
    assert theta.std() > 0.01


def test_theta_is_the_sigmoid_to_the_power_of_the_sharpness():
    network = Explainer(2, 3, channels=SMALL, sharpness=3).eval()
    logits = []
    network.score.register_forward_hook(lambda _module, _inputs, output: logits.append(output))
    x = torch.rand(2, 3, 16, 16)
    torch.testing.assert_close(network(x), 1 / (1 + torch.exp(-logits[0])) ** 3)


def test_refuses_a_sharpness_of_0():
    with pytest.raises(InputError, match="sharpness must be positive but is 0"):
        Explainer(2, 3, channels=SMALL, sharpness=0)


def test_theta_begins_at_the_prior():
    """Where no feature is active the scores are the sigmoid of the bias alone."""
    network = Explainer(2, 3, channels=SMALL, sharpness=2, prior=0.02)
    network.score.register_forward_pre_hook(lambda _module, inputs: inputs[0] * 0)
    assert torch.allclose(network(torch.rand(2, 3, 16, 16)), torch.tensor(0.02**2))


@pytest.mark.parametrize("prior", [0, 1, -0.1])
def test_refuses_a_prior_that_is_no_probability(prior):
    with pytest.raises(InputError, match=f"prior must be between 0 and 1 but is {prior}"):
        Explainer(2, 3, channels=SMALL, prior=prior)


@pytest.mark.parametrize("size", ODD_SIZES)
@pytest.mark.parametrize("theta_channels", [1, 3])
def test_theta_has_the_size_of_the_image(size, theta_channels):
    network = Explainer(len(size), 3, theta_channels, SMALL).eval()
    assert network(torch.rand(1, 3, *size)).shape == (1, theta_channels, *size)


def test_there_are_as_many_resolutions_as_channels():
    sizes = []
    network = Explainer(2, 1, channels=SMALL).eval()
    for down in network.downs:
        down.register_forward_hook(lambda _module, _inputs, output: sizes.append(tuple(output.shape[1:])))
    network(torch.rand(1, 1, 32, 16))
    assert sizes == [(3, 16, 8), (4, 8, 4), (5, 4, 2)]


def test_skip_connections_carry_every_resolution_to_theta():
    torch.manual_seed(0)  # a draw of few channels can leave a ReLU dead
    network, features = Explainer(2, 1, channels=SMALL).eval(), []

    def keep(_module, _inputs, output):
        output.retain_grad()
        features.append(output)

    for layer in (network.stem, *network.downs):
        layer.register_forward_hook(keep)
    for down in network.downs:  # what is left is the way through the skip connection
        down.register_forward_pre_hook(lambda _module, inputs: inputs[0].detach())
    network(torch.rand(1, 1, 16, 16)).sum().backward()
    assert len(features) == len(SMALL)
    assert all(feature.grad.abs().sum() > 0 for feature in features)


def test_upsampling_is_not_learnt():
    assert not [layer for layer in Explainer(2, 3).modules() if isinstance(layer, nn.ConvTranspose2d)]


def test_theta_of_an_image_does_not_depend_on_its_batch():
    network = Explainer(2, 3, 3, SMALL).eval()
    x = torch.rand(3, 3, 13, 10)
    torch.testing.assert_close(network(x)[1:2], network(x[1:2]))


@pytest.mark.parametrize("theta_channels", [0, 2, 4])
def test_a_number_of_theta_channels_that_can_not_multiply_the_image_is_refused(theta_channels):
    with pytest.raises(ValueError, match=f"theta_channels must be 1 or in_channels=3 but is {theta_channels}"):
        Explainer(2, 3, theta_channels)


def test_a_single_resolution_is_refused():
    with pytest.raises(ValueError, match=r"at least two resolutions but is \(8,\)"):
        Explainer(2, 3, channels=(8,))


@pytest.mark.parametrize("theta_channels", [1, 3])
def test_explainer_and_student_cost_less_than_the_teacher(theta_channels):
    shape = (3, 256, 256)
    teacher = complexity(BlockCNN(2, 3, 2), shape)
    explainer = complexity(Explainer(2, 3, theta_channels), shape)
    student = complexity(BlockCNN(2, 3, 2, (2, 4, 8, 16)), shape)
    for cost in ("parameters", "macs", "bytes"):
        assert explainer[cost] + student[cost] < teacher[cost]


@pytest.mark.parametrize("size", [(5, 6), (3, 4, 5)])
def test_the_constant_explainer_keeps_the_image(size):
    x = torch.randn(2, 3, *size)
    theta = ConstantExplainer()(x)
    assert theta.shape == (2, 1, *size)
    assert torch.equal(theta * x, x)


def test_autocast_makes_no_ties():
    """A score in bfloat16 has 128 values between two powers of two, and the order of the pixels decides the top K."""
    explainer, x = Explainer(2, 1, 1).eval(), torch.rand(1, 1, 32, 32)
    torch.nn.init.constant_(explainer.score.bias, 3.0)
    with torch.no_grad():
        values = len(explainer(x).unique())
        with torch.autocast("cpu", torch.bfloat16):
            theta = explainer(x)
    assert theta.dtype == torch.float32
    assert len(theta.unique()) > 0.9 * values > 256
