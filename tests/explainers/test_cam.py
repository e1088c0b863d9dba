# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch
from monai.visualize import GradCAM, GradCAMpp

from monai_medtex.explainers import GradCAMMap, GradCAMppMap
from monai_medtex.networks import BlockCNN
from monai_medtex.utils import InputError


def test_grad_cam_by_hand(detector, bright_quadrant):
    # one channel: d logit / d activation is 2 * gain / 1024 where the activation is positive, which holds for a quarter
    expected = 20 / 1024 / 4 * (bright_quadrant - 0.5).clamp(min=0)
    torch.testing.assert_close(GradCAMMap(detector).explain(bright_quadrant), expected)


@pytest.mark.parametrize(("ours", "theirs"), [(GradCAMMap, GradCAM), (GradCAMppMap, GradCAMpp)])
def test_single_images_equal_monai_up_to_a_factor(ours, theirs):
    network = BlockCNN(2, 3, 3, channels=(4, 8)).eval()
    image = torch.rand(1, 3, 16, 24)
    theta = ours(network, "block2").explain(image)
    expected = theirs(network, "block2", postprocessing=torch.Tensor.detach)(image)
    assert expected.max() > 0
    torch.testing.assert_close(theta / theta.max(), expected / expected.max())


def test_huge_logits_do_not_overflow(detector, bright_quadrant):
    with torch.no_grad():
        detector.fc.bias[1] += 1e3
    theta = GradCAMppMap(detector).explain(bright_quadrant)
    assert theta.isfinite().all()
    assert theta.max() > 0


def test_an_activation_in_place_after_the_layer_does_not_matter(detector, inplace_detector, bright_quadrant):
    theta = GradCAMMap(inplace_detector).explain(bright_quadrant)
    assert torch.equal(theta, GradCAMMap(detector).explain(bright_quadrant))
    assert inplace_detector.relu.inplace


def test_unknown_layer_is_refused_in_one_line(detector):
    with pytest.raises(InputError, match="target_layer names 'layer4', which Sequential lacks; it has: block4, relu"):
        GradCAMMap(detector, "layer4")
