# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch
from torch import nn

from monai_medtex.networks import BlockCNN, check_pairs, tap_layers
from monai_medtex.networks.layer_taps import check_layers
from monai_medtex.utils import InputError


def hooks(module: nn.Module) -> int:
    return sum(len(layer._forward_hooks) for layer in module.modules())


def test_taps_are_the_layers_outputs():
    network, x = BlockCNN(2, 1, 2, (2, 3)).eval(), torch.rand(2, 1, 8, 8)
    with tap_layers(network, ["block2", "block1.0", "block2"]) as features:
        network(x)
    assert set(features) == {"block2", "block1.0"}
    assert torch.equal(features["block1.0"], network.block1[0](x))
    assert torch.equal(features["block2"], network.block2(network.block1(x)))


def test_an_in_place_activation_does_not_change_a_tap():
    network, x = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(inplace=True)), torch.randn(2, 1, 8, 8)
    with tap_layers(network, ["0"]) as features:
        after = network(x)
    assert torch.equal(features["0"], network[0](x))
    assert features["0"].min() < 0 <= after.min()


def test_gradients_flow_through_a_tap():
    network = nn.Sequential(nn.Linear(3, 4), nn.ReLU(inplace=True))
    with tap_layers(network, ["0"]) as features:
        network(torch.ones(2, 3))
    features["0"].sum().backward()
    assert network[0].bias.grad.tolist() == [2] * 4


def test_hooks_are_gone_after_the_block():
    network = BlockCNN(2, 1, 2, (2,))
    with tap_layers(network, ["block1", "fc", "block1"]) as features:
        assert hooks(network) == 2
    network(torch.rand(1, 1, 8, 8))
    assert hooks(network) == 0
    assert not features


def test_hooks_are_gone_after_an_exception():
    network = BlockCNN(2, 1, 2, (2,))
    with pytest.raises(RuntimeError), tap_layers(network, ["block1", "fc"]):
        network(torch.rand(1, 7, 8, 8))  # seven channels do not fit
    assert hooks(network) == 0


def test_hooks_of_the_users_own_stay():
    network, calls = BlockCNN(2, 1, 2, (2,)), []
    network.block1.register_forward_hook(lambda *_: calls.append(1))
    with tap_layers(network, ["block1"]):
        network(torch.rand(1, 1, 8, 8))
    network(torch.rand(1, 1, 8, 8))
    assert len(calls) == 2


def test_an_unknown_layer_is_named_beside_those_there_are():
    with pytest.raises(InputError) as caught:
        check_layers(BlockCNN(2, 1, 2, (2,)), ["block1", "block2"], "teacher layers")
    message = str(caught.value)
    assert message.startswith("teacher layers names 'block2', which BlockCNN lacks; it has: block1, block1.0, ")
    assert message.endswith("pool, flatten, fc")
    assert "\n" not in message


@pytest.mark.parametrize("pairs", [[["block1"]], [["a", "b"], ["a", "b", "c"]], ["ab"], "ab", [["a", 1]], [None], None])
def test_what_is_no_pair_is_named(pairs):
    with pytest.raises(InputError, match="layer_pairs must list pairs"):
        check_pairs(pairs)


@pytest.mark.parametrize("pairs", [[], [["a", "b"]], (("a", "b"), ["c", "d"])])
def test_pairs_of_names_may_be_listed(pairs):
    check_pairs(pairs)
