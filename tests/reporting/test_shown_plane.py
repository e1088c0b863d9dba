# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import torch

from monai_medtex.reporting.shown_plane import shown_plane

SHAPE = (1, 5, 6, 7)


def test_shows_the_slice_with_most_of_the_lesion_front_up():
    image, theta, lesion = torch.rand(3, *SHAPE)[0], torch.rand(*SHAPE), torch.zeros(*SHAPE)
    lesion[..., 1:3, 0:2, 2] = 1
    lesion[..., 1:4, 1:4, 5] = 1
    shown = shown_plane(image, theta, lesion)
    for plane, volume in zip(shown, (image, theta, lesion), strict=True):
        assert plane.shape == (1, 5, 6)
        for front in range(6):
            assert plane[..., front].equal(volume[..., 5 - front, 5])


def test_without_lesion_it_is_the_one_with_the_highest_theta():
    theta = torch.zeros(*SHAPE)
    theta[..., 3] = 0.2
    theta[:, 2, 2, 6] = 1  # the highest voxel, but not the highest slice
    assert torch.allclose(shown_plane(theta, theta, torch.zeros(*SHAPE))[1], torch.tensor(0.2))


def test_leaves_images_as_they_are():
    images = torch.rand(3, 3, 5, 6).unbind()
    assert all(shown.equal(given) for shown, given in zip(shown_plane(*images), images, strict=True))


def test_of_neither_one_nor_three_channels_the_first_is_shown():
    image, map_, lesion = torch.rand(2, *SHAPE[1:]), torch.rand(*SHAPE), torch.zeros(*SHAPE)
    assert shown_plane(image, map_, lesion)[0].equal(shown_plane(image[:1], map_, lesion)[0])
    assert shown_plane(image[..., 0], map_[..., 0], lesion[..., 0])[0].equal(image[:1, ..., 0])


def test_padding_is_not_shown() -> None:
    image, theta = torch.rand(3, 8, 8), torch.rand(1, 8, 8)
    lesion = torch.full((1, 8, 8), -1.0)
    lesion[:, 2:6] = 0
    shown = shown_plane(image, theta, lesion)
    expected = (image[:, 2:6], theta[:, 2:6], torch.zeros(1, 4, 8))
    assert all(torch.equal(found, wanted) for found, wanted in zip(shown, expected, strict=True))
