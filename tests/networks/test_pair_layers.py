# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import logging

import pytest
import torch
from monai.networks.nets import DenseNet121, EfficientNetBN, resnet18

from monai_medtex.networks import (
    BlockCNN,
    FrozenTeacher,
    MedTexNet,
    adapt_teacher,
    default_layers,
    pair_explainer,
    pair_layers,
)
from monai_medtex.networks.explainer import ConstantExplainer, Explainer

TEACHERS = {
    "DenseNet121": lambda: DenseNet121(2, 1, 2),
    "EfficientNetBN": lambda: EfficientNetBN("efficientnet-b0", False, True, 2, 1, 2),
    "BlockCNN": lambda: BlockCNN(2, 1, 2),
}


def flattening_middle() -> torch.nn.Sequential:
    return torch.nn.Sequential(torch.nn.Conv2d(1, 3, 3, padding=1), torch.nn.Flatten(), torch.nn.Linear(3 * 64, 2))


@pytest.mark.parametrize("name", TEACHERS)
def test_any_of_them_teaches_the_small_student(name):
    network = TEACHERS[name]()
    student, shape = BlockCNN(2, 1, 2, (2, 4, 8, 16)), (1, 64, 64)
    stages = dict(list(default_layers(network, shape).items())[:4])
    pairs = pair_layers(network, student, shape)
    assert [own for _, own in pairs] == ["block1", "block2", "block3", "block4"]
    assert [layer for layer, _ in pairs] == list(stages)
    teacher = FrozenTeacher(network, list(stages))
    whole = MedTexNet(ConstantExplainer(), student, teacher, [own for _, own in pairs], shape)
    output = whole(torch.rand(2, *shape), distill=True)
    assert [mu.shape[1] for mu in output["mu"]] == [shape[0] for shape in stages.values()]


def test_a_layer_stands_in_one_pair_only_the_nearest():
    few, many = BlockCNN(2, 1, 2, (4,)), BlockCNN(2, 1, 2, (2, 2, 2))
    assert pair_layers(few, many, (1, 16, 16)) == [["block1", "block1"]]
    assert pair_layers(many, few, (1, 16, 16)) == [["block1", "block1"]]


def test_a_teacher_of_larger_images_is_paired_by_the_size_of_its_maps():
    """It sees 32 pixels where the student sees 16, so its second block is as large as the student's first."""
    teacher = adapt_teacher(BlockCNN(2, 1, 2, (2, 2, 2)), {"spatial_size": 32})
    pairs = pair_layers(teacher, BlockCNN(2, 1, 2, (2, 2)), (1, 16, 16))
    assert pairs == [["block2", "block1"], ["block3", "block2"]]


def test_without_a_map_there_is_no_pair():
    assert pair_layers(flattening_middle(), BlockCNN(2, 1, 2, (2,)), (1, 8, 8)) == []


def test_a_teacher_that_cannot_be_tapped_has_no_pair_and_a_line_says_so(caplog):
    network = BlockCNN(2, 1, 2, (3,))
    network.tappable = False
    with caplog.at_level(logging.INFO, logger="monai_medtex"):
        assert pair_layers(network, BlockCNN(2, 1, 2, (3,)), (1, 8, 8)) == []
    (record,) = caplog.records
    assert "the transfer term is off" in record.getMessage()


def test_the_explainer_learns_the_last_two_stages_in_the_encoders_maps_of_their_size():
    """Of 64 pixels the encoder's stages have 32, 16, 8 and 4 a side, as the teacher's blocks."""
    explainer = Explainer(2, 1, 1, (2, 2, 2, 2, 2))
    pairs = pair_explainer(BlockCNN(2, 1, 2), explainer, (1, 64, 64))
    assert pairs == [["block3", "explainer.downs.2"], ["block4", "explainer.downs.3"]]
    whole = MedTexNet(
        explainer,
        BlockCNN(2, 1, 2, (2,)),
        FrozenTeacher(BlockCNN(2, 1, 2), ["block3", "block4"]),
        [own for _, own in pairs],
        (1, 64, 64),
    )
    sizes = [tuple(mu.shape[1:]) for mu in whole(torch.rand(2, 1, 64, 64), distill=True)["mu"]]
    assert sizes == [(128, 8, 8), (256, 4, 4)]


def test_of_two_stages_that_are_nearest_to_one_of_the_encoders_the_closer_is_learnt():
    """layer3 has 8 pixels a side and layer4 has 4; the only stage of this encoder has 32."""
    teacher = resnet18(spatial_dims=2, n_input_channels=1, num_classes=2)
    assert list(default_layers(teacher, (1, 64, 64)).values())[-2:] == [(256, 8, 8), (512, 4, 4)]
    pairs = pair_explainer(teacher, Explainer(2, 1, 1, (2, 2)), (1, 64, 64))
    assert pairs == [["layer3", "explainer.downs.0"]]
