# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch
from monai.visualize import OcclusionSensitivity

from monai_medtex.explainers import OcclusionMap, RISEMap
from monai_medtex.explainers.rise import _random_masks
from monai_medtex.networks import BlockCNN
from monai_medtex.utils import InputError


@pytest.fixture
def network() -> BlockCNN:
    return BlockCNN(2, 1, 3, channels=(4, 8)).eval().requires_grad_(False)


@pytest.mark.filterwarnings("ignore:Using a non-tuple sequence")
@pytest.mark.parametrize(("size", "overlap"), [((32, 24), 0.5), ((21, 19), 0.6)], ids=["even", "odd"])
def test_occlusion_equals_monai_with_the_sign_turned(network, size, overlap):
    # patches of 8 x 6 pixels move by 4 x 3, those of 5 x 5 pixels by 2
    image = torch.rand(1, 1, *size)
    whole, label = network(image).softmax(1).max(1)
    theirs, _ = OcclusionSensitivity(
        network,
        mask_size=[round(side / 4) for side in size],
        mode=image.mean().item(),
        overlap=overlap,
        activate=lambda logits: logits.softmax(1),
        verbose=False,
    )(image)
    theta = OcclusionMap(network, patch=1 / 4).explain(image)
    torch.testing.assert_close(theta, whole - theirs.as_tensor()[:, label], rtol=1e-4, atol=1e-6)


def test_occlusion_by_hand(linear):
    # 1 x 2 pixels, each a patch that becomes the mean 0.5: the class's logit margin falls from 2 to 1 or rises to 3
    network = linear(torch.tensor([[[1.0, 0.0]]]))
    theta = OcclusionMap(network, patch=1 / 2).explain(torch.tensor([[[[1.0, 0.0]]]]))
    sure, less = torch.sigmoid(torch.tensor([2.0, 1.0]))
    torch.testing.assert_close(theta, torch.tensor([[[[sure - less, 0.0]]]]))


def test_each_channel_has_its_own_mean(linear):
    # a coloured but constant image: its mean colour hides nothing
    network = linear(torch.randn(3, 8, 8))
    image = torch.tensor([0.2, 0.5, 0.9]).view(1, 3, 1, 1).expand(1, 3, 8, 8)
    assert OcclusionMap(network).explain(image).abs().max() < 1e-6


@pytest.mark.parametrize("patch", [0, 1.5, -1])
def test_impossible_patch_is_refused(network, patch):
    with pytest.raises(InputError, match=f"patch must be a share .* but is {patch}"):
        OcclusionMap(network, patch=patch)


def test_rise_equals_the_plain_loop(network):
    image = torch.rand(1, 1, 20, 28)
    masks = torch.cat(list(_random_masks(image.shape[2:], masks=30, grid=4, keep=0.5, seed=2, batch_size=7)))
    assert masks.shape == (30, 1, 20, 28)
    whole, label = network(image).softmax(1).max(1)
    total = sum(mask * network(image * mask).softmax(1)[0, label] for mask in masks)
    expected = total / masks.sum(0) - whole
    theta = RISEMap(network, masks=30, grid=4, seed=2, batch_size=7).explain(image)
    torch.testing.assert_close(theta[0], expected, rtol=1e-3, atol=1e-6)


def test_rise_does_not_score_how_often_a_pixel_was_shown(linear):
    theta = RISEMap(linear(torch.zeros(1, 16, 16)), masks=10).explain(torch.rand(1, 1, 16, 16))
    assert theta.abs().max() < 1e-6


def test_masks_show_the_share_to_keep_and_are_smooth():
    masks = torch.cat(list(_random_masks(torch.Size([32, 32]), masks=400, grid=8, keep=0.3, seed=0, batch_size=64)))
    assert masks.min() >= 0
    assert masks.max() <= 1
    assert masks.mean().item() == pytest.approx(0.3, abs=0.02)
    assert masks.diff(dim=-1).abs().max() <= 0.25 + 1e-6  # one cell of 4 pixels from hidden to shown


@pytest.mark.parametrize("options", [{"masks": 0}, {"grid": 0}, {"keep": 0.0}, {"keep": 1.0}])
def test_impossible_rise_is_refused(network, options):
    with pytest.raises(InputError, match="RISE needs masks >= 1"):
        RISEMap(network, **options)
