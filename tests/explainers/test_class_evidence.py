# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch

from monai_medtex.explainers import ClassEvidenceMap
from monai_medtex.networks import BlockCNN
from monai_medtex.utils import InputError


def test_the_bright_quadrant_alone_speaks_for_the_class(detector, bright_quadrant):
    theta = ClassEvidenceMap(detector, ["block4"]).explain(bright_quadrant)
    torch.testing.assert_close(theta, (bright_quadrant > 0.5).float())


def test_maps_have_the_size_of_the_images_and_leave_the_network_as_it_is():
    network = BlockCNN(3, 1, 2, channels=(2, 3, 4, 4))
    theta = ClassEvidenceMap(network).explain(torch.rand(2, 1, 16, 16, 32))
    assert theta.shape == (2, 1, 16, 16, 32)
    assert network.training
    assert all(parameter.requires_grad for parameter in network.parameters())


def test_unknown_layer_is_refused_in_one_line(detector):
    with pytest.raises(InputError, match="evidence layers names 'layer4', which Sequential lacks"):
        ClassEvidenceMap(detector, ["layer4"])
