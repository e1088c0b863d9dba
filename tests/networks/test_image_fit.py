# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch
from monai.networks.nets import DenseNet121, resnet18

from monai_medtex.networks import check_answers, check_fit
from monai_medtex.utils import InputError


def strided_resnet() -> torch.nn.Module:
    """Halves an image five times: 24 voxels become 12, 6, 3, 2 and 1."""
    return resnet18(spatial_dims=3, n_input_channels=1, num_classes=2, conv1_t_stride=2, widen_factor=0.125)


def test_a_layer_that_is_left_without_voxels_is_named():
    """Of 24 voxels, the stem leaves 6 and each transition half of them: 3, 1, and none."""
    with pytest.raises(InputError) as error:
        check_fit(DenseNet121(3, 1, 2, init_features=2, growth_rate=2), (1, 24, 24, 24), patch_size=24)
    line = str(error.value)
    assert line.startswith("patch_size=24 does not fit DenseNet121: its layer features.transition3.pool fails on ")
    assert " 1 x 1 x 1 (" in line
    assert "\n" not in line


def test_one_voxel_is_enough_for_an_answer_but_not_to_learn_from_one_image():
    network = strided_resnet()
    check_fit(network, (1, 24, 24, 24), patch_size=24)
    with pytest.raises(InputError, match=r"patch_size=24, batch_size=1 .* layer4.0.bn1 fails on 64 x 1 x 1 x 1"):
        check_fit(network, (1, 24, 24, 24), training=True, patch_size=24, batch_size=1)
    check_fit(network, (1, 40, 40, 40), training=True, patch_size=40, batch_size=1)


def test_what_is_tried_stays_as_it_is():
    network, state = strided_resnet().train(), torch.get_rng_state()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    check_fit(network, (1, 40, 40, 40), training=True)
    assert network.training
    assert all(value.equal(before[name]) for name, value in network.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())
    assert torch.get_rng_state().equal(state)


def test_a_teacher_with_other_answers_than_there_are_class_names_is_named():
    network = resnet18(spatial_dims=2, n_input_channels=1, num_classes=5, widen_factor=0.125).train()
    check_answers(network, (1, 32, 32), 5)
    with pytest.raises(
        InputError, match="^class_names has 2 names, but the teacher answers an image with 1 x 5 values"
    ):
        check_answers(network, (1, 32, 32), 2)
    assert network.training
