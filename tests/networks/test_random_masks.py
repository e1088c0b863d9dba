# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch

from monai_medtex.networks import RandomMasks
from monai_medtex.utils import InputError


@pytest.mark.parametrize("shape", [(3, 1, 17, 23), (2, 3, 8, 9, 10)])
def test_masks_are_like_theta_but_have_one_channel_and_no_gradient(shape):
    theta = torch.rand(shape, dtype=torch.float64, requires_grad=True)
    masks = RandomMasks(4)(theta)
    assert masks.shape == (shape[0], 1, *shape[2:])
    assert masks.dtype == torch.float64
    assert not masks.requires_grad
    assert masks.min() >= 0
    assert masks.max() <= 1


@pytest.mark.parametrize("size", [(24, 24), (8, 8, 8)])
def test_every_area_is_drawn_as_often(size):
    """The share of an image is uniform: mean 1/2, and variance 1/12 besides that of the cells, s (1 - s) / cells."""
    torch.manual_seed(0)
    areas = RandomMasks(8)(torch.empty(4000, 1, *size)).flatten(1).mean(dim=1)
    assert areas.mean().item() == pytest.approx(0.5, abs=0.02)  # 4 standard errors of 0.0046
    for low in torch.arange(0.1, 0.9, 0.1).tolist():  # the ends are blurred by the chance of the cells
        share = ((areas >= low) & (areas < low + 0.1)).float().mean().item()
        assert share == pytest.approx(0.1, abs=0.025)  # 4 standard errors of 0.0047, and that blur


def test_each_pixel_is_shown_as_often():
    torch.manual_seed(0)
    shown = RandomMasks(3)(torch.empty(20_000, 1, 7, 10)).mean(dim=0)
    torch.testing.assert_close(shown, torch.full((1, 7, 10), 0.5), atol=0.015, rtol=0)  # standard error below 0.0036


def test_a_mask_has_ramps_between_cells_and_is_full_or_empty_where_they_agree():
    """Cells of 16 pixels give steps of 1/16 at most. Four cells agree with the chance E[s^4 + (1 - s)^4] = 2/5.

    The half cells along a border have two neighbours (2/3), and make up 3 % of each axis: 0.94 * 2/5 + 0.06 * 2/3.
    """
    torch.manual_seed(0)
    masks = RandomMasks(8)(torch.empty(500, 1, 128, 128))[:, 0]
    for axis in (1, 2):
        assert masks.diff(dim=axis).abs().max().item() == pytest.approx(1 / 16, abs=1e-5)
    agree = (torch.minimum(masks, 1 - masks) < 1e-5).float().mean().item()
    assert agree == pytest.approx(0.416, abs=0.05)  # the share of one mask deviates by 0.25: standard error 0.011


def test_masks_are_shifted_against_each_other_along_each_axis():
    """The bend of a linear ramp tells where the centre of a cell lies; unshifted, that is the same place in all."""
    torch.manual_seed(0)
    masks = RandomMasks(4)(torch.empty(300, 1, 32, 32))[:, 0]
    for axis in (1, 2):
        bends = masks.diff(n=2, dim=axis).abs().amax(dim=3 - axis) > 0.02
        assert bends.float().mean(dim=0).min() > 0.05
        assert bends.float().mean() < 0.6


def test_cells_are_independent_and_images_differ():
    """Two pixels more than two cells apart covary by the share alone: the variance 1/12 of the uniform."""
    torch.manual_seed(0)
    masks = RandomMasks(8)(torch.empty(20_000, 1, 16, 16))
    far = torch.stack([masks[:, 0, 0, 0], masks[:, 0, 15, 15]])
    assert torch.cov(far)[0, 1].item() == pytest.approx(1 / 12, abs=0.006)
    assert len(masks[:50].flatten(1).unique(dim=0)) == 50


def test_faint_masks_have_two_levels_of_their_own():
    """Upper level U, lower U V with U and V even on [0, 1]: means 1/2 and 1/4, E[low high] = E[U^2] E[V] = 1/6."""
    torch.manual_seed(0)
    masks = RandomMasks(8, faint=1.0)(torch.empty(1500, 1, 64, 64)).flatten(1)
    low, high = masks.aminmax(dim=1)
    assert high.mean().item() == pytest.approx(0.5, abs=0.03)  # nearly every raster has a full and an empty cell
    assert low.mean().item() == pytest.approx(0.25, abs=0.03)
    assert (low * high).mean().item() == pytest.approx(1 / 6, abs=0.02)


def test_the_share_of_faint_masks():
    """Faint masks never reach 1, so a quarter of those that do is lost."""
    torch.manual_seed(0)
    full, some = (RandomMasks(8, faint)(torch.empty(1500, 1, 32, 32)).flatten(1).amax(dim=1) for faint in (0, 0.25))
    reach = [(highest > 0.999).float().mean().item() for highest in (full, some)]
    assert reach[1] / reach[0] == pytest.approx(0.75, abs=0.07)  # 2 standard errors


@pytest.mark.parametrize("faint", [-0.1, 1.1])
def test_refuses_a_share_outside_0_to_1(faint):
    with pytest.raises(InputError, match=f"faint must be from 0 to 1, got {faint}"):
        RandomMasks(8, faint)


def test_refuses_a_raster_without_cells():
    with pytest.raises(InputError, match="grid must be a whole number of at least 1, got 0"):
        RandomMasks(0)
