# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch
from torch import nn

from monai_medtex.networks import BlockCNN, ConstantExplainer
from monai_medtex.reporting import complexity


@pytest.mark.parametrize(
    ("layer", "shape", "macs"),
    [
        (nn.Conv2d(3, 4, 3, padding=1), (3, 8, 6), 8 * 6 * 4 * 3 * 9),
        (nn.Conv2d(3, 4, 3, padding=1, stride=2, bias=False), (3, 8, 6), 4 * 3 * 4 * 3 * 9),
        (nn.Conv2d(4, 4, 3, groups=4), (4, 8, 6), 6 * 4 * 4 * 9),
        (nn.Conv3d(2, 3, (1, 3, 5), padding="same"), (2, 4, 5, 6), 4 * 5 * 6 * 3 * 2 * 15),
        (nn.Sequential(nn.Flatten(), nn.Linear(12, 5)), (3, 2, 2), 12 * 5),
        (nn.Sequential(nn.ReLU(), nn.MaxPool2d(2), nn.BatchNorm2d(3)), (3, 8, 6), 0),
    ],
)
def test_multiply_accumulates_by_hand(layer, shape, macs):
    assert complexity(layer, shape)["macs"] == macs


def test_the_papers_teacher_by_hand():
    expected, size, before = 0, 256, 3
    for after in (32, 64, 128, 256):
        expected += size * size * after * before * 9
        size, before = size // 2, after
    expected += 256 * 2 * 2 * 2
    assert complexity(BlockCNN(2, 3, 2), (3, 256, 256))["macs"] == expected
    assert expected == pytest.approx(0.96e9, rel=0.01)


def test_parameters_and_bytes_by_hand():
    # 4 bytes for each of 3 * 4 * 9 + 4 weights and of 2 * 4 + 2 * 4 of the normalisation, whose counter takes 8
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    costs = complexity(network, (3, 8, 8))
    assert costs["parameters"] == 3 * 4 * 9 + 4 + 2 * 4
    assert costs["bytes"] == 4 * (3 * 4 * 9 + 4 + 2 * 4 + 2 * 4) + 8


@pytest.mark.parametrize("training", [True, False])
def test_the_network_stays_as_it_was(training):
    network = BlockCNN(2, 3, 2, (2,)).train(training)
    before = {name: buffer.clone() for name, buffer in network.named_buffers()}
    complexity(network, (3, 8, 8))
    assert network.training == training
    assert all(torch.equal(buffer, before[name]) for name, buffer in network.named_buffers())


def test_a_network_without_parameters_costs_nothing():
    assert complexity(ConstantExplainer(), (3, 8, 8)) == {"parameters": 0, "macs": 0, "bytes": 0}
