# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch

from monai_medtex.metrics import ROAD_SHARES, road_curves, road_score
from monai_medtex.utils import InputError


def by_left_half(images: torch.Tensor) -> torch.Tensor:
    """Class 1 where the left half varies from pixel to pixel; the right half does not matter."""
    left = images[..., : images.shape[-1] // 2]
    texture = left.diff(dim=-1).abs().flatten(1).mean(dim=1)
    return torch.stack([torch.zeros_like(texture), 40 * (texture - 0.2)], dim=1)


def stripes() -> torch.Tensor:
    """One image of stripes from 0.2 to 0.8: a texture of 0.6, hence class 1."""
    return torch.tensor([0.2, 0.8]).repeat(8).expand(1, 1, 16, 16).contiguous()


def left_half_scores() -> torch.Tensor:
    return torch.linspace(1, 0, 16).expand(1, 1, 16, 16)


def test_the_right_map_scores_and_the_wrong_one_loses():
    """Without the left half the texture is gone, in whole columns; without the right half nothing happens."""
    most, least = road_curves(by_left_half, stripes(), left_half_scores(), shares=(0.25, 0.5))
    certain = torch.tensor(40 * (0.6 - 0.2)).sigmoid().item()
    assert least.tolist() == [pytest.approx([certain, certain], abs=1e-6)]
    assert most[0, 1].item() < 0.1
    assert road_score(most, least).item() == pytest.approx((2 * certain - most.sum().item()) / 2 / 2)
    swapped = road_curves(by_left_half, stripes(), -left_half_scores(), shares=(0.25, 0.5))
    torch.testing.assert_close(swapped[0], least)
    assert road_score(*swapped).item() < 0


def test_score_by_hand():
    morf = torch.tensor([[0.5, 0.1], [1.0, 1.0]])
    lerf = torch.tensor([[0.9, 0.7], [0.0, 0.0]])
    assert road_score(morf, lerf).tolist() == pytest.approx([(0.4 + 0.6) / 2 / 2, -0.5])


def test_a_constant_map_scores_nothing():
    most, least = road_curves(by_left_half, stripes(), torch.ones(1, 1, 16, 16))
    assert most.shape == (1, len(ROAD_SHARES))
    assert torch.equal(most, least)


def test_the_share_is_removed_and_the_class_is_the_whole_images():
    """A classifier that counts the pixels that are no longer 0.2 or 0.8: known ones are kept exactly."""
    image, seen = stripes(), []

    def classify(images: torch.Tensor) -> torch.Tensor:
        seen.append((images != image).flatten(1).sum(dim=1).tolist())
        return torch.tensor([[0.0, 1.0]]).expand(len(images), 2)

    road_curves(classify, image, torch.rand(1, 1, 16, 16, generator=torch.Generator().manual_seed(0)))
    assert seen == [[0], *[[round(share * 256)] for share in (*ROAD_SHARES, *ROAD_SHARES)]]


def test_the_batch_does_not_matter():
    generator = torch.Generator().manual_seed(0)
    images, scores = torch.rand(3, 2, 12, 12, generator=generator), torch.rand(3, 3, 12, 12, generator=generator)
    together = road_curves(by_left_half, images, scores, batch_size=2)
    for i in range(3):
        for curve, alone in zip(together, road_curves(by_left_half, images[[i]], scores[[i]]), strict=True):
            torch.testing.assert_close(curve[[i]], alone, atol=1e-4, rtol=0)


def test_three_dimensions():
    most, least = road_curves(by_left_half, torch.rand(1, 1, 6, 6, 6), torch.rand(1, 1, 6, 6, 6), shares=(0.5,))
    assert most.shape == least.shape == (1, 1)


def test_errors():
    images = torch.rand(1, 1, 4, 4)
    for share in (0.0, 1.0, 0.01):
        with pytest.raises(InputError, match=rf"shares must leave some of the 16 pixels, .* but hold {share}"):
            road_curves(by_left_half, images, images, shares=(share,))
    with pytest.raises(InputError, match=r"scores must be of the size of the images .* \(1, 1, 4, 2\) beside images"):
        road_curves(by_left_half, images, images[..., :2])


def test_padding_is_never_removed():
    """Half of the image's own 128 pixels, its left half, is all that is removed, however high the padding scores."""
    images, scores = stripes(), left_half_scores()
    inside = torch.zeros(1, 1, 16, 16, dtype=torch.bool)
    inside[..., :8, :] = True
    seen = []

    def classify(batch):
        seen.append(batch)
        return by_left_half(batch)

    road_curves(classify, images, scores.masked_fill(~inside, 9.0), shares=(0.5,), inside=inside)
    _, most, least = seen
    changed = [(batch != images).any(dim=1, keepdim=True) for batch in (most, least)]
    assert torch.equal(changed[0], inside & (scores > 0.5))
    assert torch.equal(changed[1], inside & (scores < 0.5))
