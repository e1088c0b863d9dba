# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from monai_medtex.networks import BlockCNN

TEACHER, STUDENT = (32, 64, 128, 256), (2, 4, 8, 16)


def parameters(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(("channels", "count"), [(TEACHER, 390_466), (STUDENT, 1_726)])
def test_parameters_are_the_papers(channels, count):
    assert parameters(BlockCNN(2, 3, 2, channels)) == count


def test_the_student_is_226_times_smaller():
    ratio = parameters(BlockCNN(2, 3, 2, TEACHER)) / parameters(BlockCNN(2, 3, 2, STUDENT))
    assert ratio == pytest.approx(226.2, abs=0.05)


@pytest.mark.parametrize("spatial_dims", [2, 3])
@pytest.mark.parametrize(("in_channels", "classes", "channels"), [(3, 2, TEACHER), (1, 5, (7,)), (4, 3, (2, 3))])
def test_parameters_by_hand(spatial_dims, in_channels, classes, channels):
    # kernels 3 x 3 [x 3] and a bias per convolution, nothing for normalisation, 2 x 2 [x 2] pixels into the last layer
    expected = (channels[-1] * 2**spatial_dims + 1) * classes
    for before, after in zip((in_channels, *channels), channels, strict=False):
        expected += (before * 3**spatial_dims + 1) * after
    assert parameters(BlockCNN(spatial_dims, in_channels, classes, channels)) == expected


def test_layers_have_the_names_that_configurations_use():
    names = [name for name, _ in BlockCNN(2, 3, 2, (2, 3)).named_children()]
    assert names == ["block1", "block2", "pool", "flatten", "fc"]


@pytest.mark.parametrize("training", [False, True])
def test_a_block_is_convolution_normalisation_pooling_relu(training):
    block = BlockCNN(2, 3, 2, (4,)).train(training).block1
    x = torch.randn(2, 3, 8, 6, generator=torch.Generator().manual_seed(0))
    mean, variance = torch.randn(4), torch.rand(4) + 0.5
    block[1].running_mean.copy_(mean)
    block[1].running_var.copy_(variance)
    expected = F.conv2d(x, block[0].weight, block[0].bias, padding=1)
    expected = F.relu(F.max_pool2d(F.batch_norm(expected, mean, variance, training=training), 2))
    torch.testing.assert_close(block(x), expected)


@pytest.mark.parametrize("size", [(32, 48), (16, 32, 16), (19, 17)])
def test_every_block_halves_the_size(size):
    network = BlockCNN(len(size), 3, 5, STUDENT)
    x = torch.rand(2, 3, *size)
    for number, channels in enumerate(STUDENT, start=1):
        x = getattr(network, f"block{number}")(x)
        assert x.shape == (2, channels, *(length // 2**number for length in size))
    assert network(torch.rand(2, 3, *size)).shape == (2, 5)


def test_no_channels_are_refused():
    with pytest.raises(ValueError, match=r"channels must name at least one block but is \(\)"):
        BlockCNN(2, 3, 2, ())
