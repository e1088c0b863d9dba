# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from monai.networks.nets import DenseNet121, EfficientNetBN, SEResNet50, resnet18

from monai_medtex.networks import (
    BlockCNN,
    FrozenTeacher,
    default_layers,
    evidence_layer,
    last_layer,
    layer_table,
    map_shapes,
)
from monai_medtex.utils import InputError

STAGES = {  # of 64 pixels, from the architectures' papers: the last map before each halving
    "DenseNet121": ["features.norm0", *(f"features.denseblock{number}" for number in (1, 2, 3)), "features"],
    "resnet18": ["layer1", "layer2", "layer3", "layer4"],
    "SEResNet50": ["layer0.bn1", "layer1", "layer2", "layer3", "layer4"],
    "EfficientNetBN": ["_bn0", "_blocks.1", "_blocks.2", "_blocks.4", "_bn1"],
    "BlockCNN": ["block1", "block2", "block3", "block4"],
}
CHANNELS = {  # after each of these stages, as published
    "DenseNet121": [64, 256, 512, 1024, 1024],
    "resnet18": [64, 128, 256, 512],
    "SEResNet50": [64, 256, 512, 1024, 2048],
    "EfficientNetBN": [32, 24, 40, 112, 1280],
    "BlockCNN": [32, 64, 128, 256],
}


def build(name: str, spatial_dims: int) -> torch.nn.Module:
    """Build on a device that has shapes only, so that it takes no time."""
    with torch.device("meta"):
        return _builders(spatial_dims)[name]()


def _builders(spatial_dims: int) -> dict[str, Callable[[], torch.nn.Module]]:
    return {
        "DenseNet121": lambda: DenseNet121(spatial_dims, 1, 2),
        "resnet18": lambda: resnet18(spatial_dims=spatial_dims, n_input_channels=1, num_classes=2),
        "SEResNet50": lambda: SEResNet50(spatial_dims=spatial_dims, in_channels=1, num_classes=2),
        "EfficientNetBN": lambda: EfficientNetBN("efficientnet-b0", False, True, spatial_dims, 1, 2),
        "BlockCNN": lambda: BlockCNN(spatial_dims, 1, 2),
    }


@pytest.mark.parametrize(("spatial_dims", "size"), [(2, 64), (3, 32)])
@pytest.mark.parametrize("name", STAGES)
def test_the_default_is_the_last_map_at_each_resolution(name, spatial_dims, size):
    network = build(name, spatial_dims)
    chosen = default_layers(network, (1, *[size] * spatial_dims))
    stages = STAGES[name][: 4 if size == 32 else 5]  # of 32 pixels, a fifth has one pixel left
    assert list(chosen) == stages
    first = size // 2
    sizes = [first // 2**level for level in range(len(stages))]
    expected = [(channels, *[side] * spatial_dims) for channels, side in zip(CHANNELS[name], sizes, strict=False)]
    assert list(chosen.values()) == expected
    teacher = FrozenTeacher(network, list(chosen))
    logits, maps = teacher.tap(torch.rand(1, 1, *[size] * spatial_dims, device="meta"))
    assert logits.shape == (1, 2)
    assert [tuple(taught.shape[1:]) for taught in maps] == expected


def test_shapes_tell_maps_only_in_the_order_in_which_they_are_done():
    shapes = map_shapes(BlockCNN(2, 1, 2, (3, 5)), (1, 8, 8))
    assert shapes["block2.0"] == (5, 4, 4)
    assert list(shapes)[:5] == ["block1.0", "block1.1", "block1.2", "block1.3", "block1"]
    assert list(shapes)[-1] == "pool"
    assert "fc" not in shapes
    assert "flatten" not in shapes


def test_asking_changes_neither_the_network_nor_its_mode():
    network = BlockCNN(2, 1, 2, (3, 5)).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    default_layers(network, (1, 8, 8))
    assert network.training
    assert all(value.equal(before[name]) for name, value in network.state_dict().items())
    assert not any(module._forward_hooks for module in network.modules())


def test_the_table_has_a_line_for_each_map_and_marks_the_default():
    lines = layer_table("teacher", BlockCNN(2, 1, 2, (3, 5)), (1, 8, 8)).splitlines()
    assert lines[0] == "teacher (* = chosen by default):"
    assert "* block1    3 x 4 x 4" in lines
    assert "  block1.0  3 x 8 x 8" in lines
    assert len(lines) == 1 + 4 + 1 + 4 + 1 + 1  # heading, two blocks of four layers, and the pool


def test_what_cannot_be_tapped_is_said():
    network = BlockCNN(2, 1, 2, (3,))
    network.tappable = False
    assert map_shapes(network, (1, 8, 8)) == default_layers(network, (1, 8, 8)) == {}
    assert "cannot be tapped" in layer_table("teacher", network, (1, 8, 8))
    with pytest.raises(InputError, match="no layer of .* can be tapped"):
        last_layer(network, (1, 8, 8))


@pytest.mark.parametrize("name", STAGES)
def test_evidence_is_looked_at_one_stage_before_the_last(name):
    network = build(name, 2)
    assert [evidence_layer(network, (1, 64, 64)), last_layer(network, (1, 64, 64))] == STAGES[name][-2:]


def test_a_network_of_one_stage_gives_its_evidence_there():
    assert evidence_layer(BlockCNN(2, 1, 2, (3,)), (1, 8, 8)) == "block1"
