# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch

from monai_medtex.reporting import contour, explained_strip, heat_overlay

HEAT = torch.tensor([1.0, 0.75, 0.0])
YELLOW, BLUE = torch.tensor([1.0, 0.9, 0.0]), torch.tensor([0.0, 0.8, 1.0])


def square(width: int, height: int, x: slice, y: slice) -> torch.Tensor:
    mask = torch.zeros(1, width, height, dtype=torch.bool)
    mask[0, x, y] = True
    return mask


def test_the_contour_of_a_square_is_its_outermost_pixels():
    edge = contour(square(7, 8, slice(1, 6), slice(2, 6)))
    assert edge.dtype == torch.bool
    assert edge[0].int().tolist() == [
        [0, 0, 0, 0, 0, 0, 0, 0],
        [0, 0, 1, 1, 1, 1, 0, 0],
        [0, 0, 1, 0, 0, 1, 0, 0],
        [0, 0, 1, 0, 0, 1, 0, 0],
        [0, 0, 1, 0, 0, 1, 0, 0],
        [0, 0, 1, 1, 1, 1, 0, 0],
        [0, 0, 0, 0, 0, 0, 0, 0],
    ]


def test_a_corner_cut_out_of_a_square_is_followed():
    mask = square(4, 4, slice(0, 4), slice(0, 4))
    mask[0, 0, 0] = False  # the one pixel that touches it by a corner alone is edge too
    assert contour(mask)[0].int().tolist() == [[0, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]


@pytest.mark.parametrize("value", [True, False])
def test_where_nothing_changes_there_is_no_contour(value):
    assert not contour(torch.full((1, 6, 5), value)).any()


def test_a_mask_of_single_pixels_is_all_contour():
    mask = square(6, 6, slice(1, 2), slice(0, 6))
    mask[0, 4, 4] = True
    assert torch.equal(contour(mask), mask)


@pytest.mark.parametrize("channels", [1, 3])
def test_where_theta_is_0_the_overlay_is_the_image_in_rows_and_columns(channels):
    image = torch.rand(channels, 5, 4)
    overlay = heat_overlay(image, torch.zeros(1, 5, 4))
    assert overlay.shape == (3, 4, 5)
    for x in range(5):
        for y in range(4):
            assert torch.equal(overlay[:, y, x], image[:, x, y].expand(3))


def test_where_theta_is_1_the_overlay_is_tinted_with_its_strength():
    image = torch.full((3, 5, 4), 0.5)
    torch.testing.assert_close(heat_overlay(image, torch.ones(1, 5, 4))[:, 0, 0], 0.4 * 0.5 + 0.6 * HEAT)
    torch.testing.assert_close(heat_overlay(image, torch.ones(1, 5, 4), 1.0)[:, 0, 0], HEAT)


def test_the_tint_grows_with_theta_on_a_fixed_scale():
    theta = torch.zeros(1, 3, 2)
    theta[0, 2, 1] = 0.25
    overlay = heat_overlay(torch.zeros(1, 3, 2), theta, 0.8)
    torch.testing.assert_close(overlay[:, 1, 2], 0.8 * 0.25 * HEAT)
    assert (overlay != 0).sum() == 2  # red and green of that pixel


def test_theta_of_several_channels_is_averaged():
    theta = torch.tensor([0.0, 0.3, 0.9]).view(3, 1, 1).expand(3, 5, 4)
    image = torch.rand(3, 5, 4)
    torch.testing.assert_close(heat_overlay(image, theta), heat_overlay(image, torch.full((1, 5, 4), 0.4)))


@pytest.mark.parametrize("channels", [1, 3])
def test_the_strip_shows_image_theta_and_contours_side_by_side(channels):
    width, height, nowhere = 6, 4, torch.zeros(1, 6, 4, dtype=torch.bool)
    image, theta = torch.rand(channels, width, height), torch.rand(1, width, height)
    strip = explained_strip(image, theta, nowhere)
    assert strip.shape == (3, height, 3 * width)
    for x, y in ((0, 0), (3, 1), (5, 3)):
        assert torch.equal(strip[:, y, x], image[:, x, y].expand(3))
        assert torch.equal(strip[:, y, width + x], theta[:, x, y].expand(3))
        assert torch.equal(strip[:, y, 2 * width + x], image[:, x, y].expand(3))


def test_contours_are_drawn_in_their_colours():
    image = torch.full((3, 6, 5), 0.5)
    top_k, lesion = square(6, 5, slice(3, 4), slice(1, 2)), square(6, 5, slice(0, 1), slice(4, 5))
    third = explained_strip(image, torch.zeros(1, 6, 5), top_k, lesion)[:, :, 12:]
    assert torch.equal(third[:, 1, 3], YELLOW)
    assert torch.equal(third[:, 4, 0], BLUE)
    assert ((third != 0.5).any(dim=0)).sum() == 2
    both = explained_strip(image, torch.zeros(1, 6, 5), top_k, top_k)[:, :, 12:]
    assert torch.equal(both[:, 1, 3], BLUE)


def test_theta_of_several_channels_is_shown_as_its_mean():
    theta = torch.rand(3, 4, 4)
    strip = explained_strip(torch.zeros(3, 4, 4), theta, torch.zeros(1, 4, 4, dtype=torch.bool))
    torch.testing.assert_close(strip[0, :, 4:8], theta.mean(dim=0).mT)
