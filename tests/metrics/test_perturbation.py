# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch
from monai.data import MetaTensor

from monai_medtex.metrics import blur_baseline, curve_area, deletion_curve, insertion_curve, mean_baseline
from monai_medtex.utils import InputError


def by_brightness(images: torch.Tensor) -> torch.Tensor:
    """Logits of two classes: the probability of class 1 is the mean brightness, for brightness in (0, 1)."""
    mean = images.flatten(1).mean(dim=1)
    return torch.stack([(1 - mean).log(), mean.log()], dim=1)


def bright_left(*spatial: int) -> torch.Tensor:
    """One image, 0.96 in the half of the first rows, 0.24 elsewhere: brightness 0.6, hence class 1."""
    image = torch.full((1, 3, *spatial), 0.24)
    image[:, :, : spatial[0] // 2] = 0.96
    return image


@pytest.mark.parametrize("spatial", [(8, 4), (8, 2, 2)])
def test_deletion_by_hand(spatial):
    """Against 0.12, the bright half loses 0.84 a pixel: 0.6 - 0.84 s in the first half, then 0.12 a pixel."""
    image = bright_left(*spatial)
    curve = deletion_curve(by_brightness, image, image[:, :1], torch.full_like(image, 0.12), steps=4)
    assert curve.tolist() == [pytest.approx([0.6, 0.39, 0.18, 0.15, 0.12], abs=1e-6)]
    assert curve_area(curve).item() == pytest.approx((0.3 + 0.39 + 0.18 + 0.15 + 0.06) / 4)


def test_insertion_by_hand():
    image = bright_left(8, 4)
    curve = insertion_curve(by_brightness, image, image[:, :1], torch.full_like(image, 0.12), steps=4)
    assert curve.tolist() == [pytest.approx([0.12, 0.33, 0.54, 0.57, 0.6], abs=1e-6)]


def test_a_wrong_map_is_worse():
    image = bright_left(8, 4)
    black = torch.full_like(image, 0.12)
    for curve, sign in ((deletion_curve, 1), (insertion_curve, -1)):
        right, wrong = (curve_area(curve(by_brightness, image, scores, black)) for scores in (image, -image))
        assert sign * (wrong - right).item() > 0.1


def test_the_class_is_that_of_the_whole_image():
    image = 1 - bright_left(8, 4)  # brightness 0.4: class 0 with probability 0.6
    curve = insertion_curve(by_brightness, image, image, torch.full_like(image, 0.9), steps=1)
    assert curve.tolist() == [pytest.approx([0.1, 0.6], abs=1e-6)]


def test_steps_that_do_not_divide_the_pixels():
    """7 pixels of 10 in 3 steps: the shares replaced are floor or ceiling of thirds, in order."""
    image = torch.full((1, 1, 1, 7), 0.8)
    scores = torch.arange(7.0).view(1, 1, 1, 7)
    curve = deletion_curve(by_brightness, image, scores, torch.full_like(image, 0.1), steps=3)
    assert curve.tolist() == [pytest.approx([0.8 - 0.1 * replaced for replaced in (0, 3, 5, 7)], abs=1e-6)]


def test_all_channels_go_at_once():
    seen = []

    def classify(images: torch.Tensor) -> torch.Tensor:
        seen.append(images)
        return by_brightness(images)

    image = bright_left(4, 4) * torch.tensor([1.0, 0.8, 0.6]).view(1, 3, 1, 1)
    deletion_curve(classify, image, torch.rand(1, 3, 4, 4), torch.full_like(image, 0.5), steps=4)
    replaced = torch.cat(seen)[1:] == 0.5  # the whole image first, for its class
    assert replaced.all(dim=1).equal(replaced.any(dim=1))
    assert replaced[:, 0].flatten(1).sum(dim=1).tolist() == [0, 4, 8, 12, 16]


def test_the_batch_does_not_matter():
    generator = torch.Generator().manual_seed(0)
    images, scores = torch.rand(3, 2, 6, 5, generator=generator), torch.rand(3, 1, 6, 5, generator=generator)
    sizes = []

    def classify(batch: torch.Tensor) -> torch.Tensor:
        sizes.append(len(batch))
        return by_brightness(batch)

    baseline = mean_baseline(images)
    together = deletion_curve(classify, images, scores, baseline, steps=5, batch_size=4)
    assert max(sizes) == 4
    assert together.shape == (3, 6)
    for i in range(3):
        alone = deletion_curve(by_brightness, images[[i]], scores[[i]], baseline[[i]], steps=5)
        torch.testing.assert_close(together[[i]], alone)
    tensor = deletion_curve(by_brightness, MetaTensor(images).requires_grad_(), MetaTensor(scores), baseline, steps=5)
    torch.testing.assert_close(tensor, together)
    assert type(tensor) is torch.Tensor
    assert not tensor.requires_grad


def test_mean_baseline():
    images = torch.tensor([[0.0, 1.0, 2.0, 5.0], [1.0, 1.0, 1.0, 1.0]]).view(1, 2, 2, 2)
    assert mean_baseline(images).tolist() == [[[[2.0] * 2] * 2, [[1.0] * 2] * 2]]


@pytest.mark.parametrize("spatial", [(20, 24), (12, 12, 12)])
def test_blur_keeps_a_constant_and_spreads_a_spot(spatial):
    constant = torch.full((2, 3, *spatial), 0.7)
    torch.testing.assert_close(blur_baseline(constant, 3.0), constant)  # up to the border
    spot = torch.zeros(1, 1, 41, 41)
    spot[0, 0, 20, 20] = 1
    blurred = blur_baseline(spot, 3.0)[0, 0]
    assert blurred.sum().item() == pytest.approx(1, abs=1e-3)
    offsets = torch.arange(41.0) - 20
    # The kernel integrates the Gaussian over each pixel, which adds the variance 1/12 of a pixel.
    assert (blurred.sum(dim=0) * offsets**2).sum().item() == pytest.approx(9 + 1 / 12, rel=0.01)


def test_errors():
    image = torch.rand(2, 3, 4, 4)
    with pytest.raises(InputError, match=r"steps must be in 1\.\.16, the number of pixels, but is 17"):
        deletion_curve(by_brightness, image, image, image, steps=17)
    for baseline, scores in ((image[:, :1], image), (image, image[:1]), (image, image[..., :2])):
        with pytest.raises(InputError, match=r"must be of the size of the images .* beside images of \(2, 3, 4, 4\)"):
            insertion_curve(by_brightness, image, scores, baseline)


def test_padding_is_never_replaced():
    """The first two rows of three are the image, 0.9 and 0.3, beside padding of 0.6: 0.6, 0.3 and 0.1 of 12 pixels."""
    image = torch.tensor([0.9, 0.3, 0.6]).view(1, 1, 3, 1).expand(1, 1, 3, 4)
    inside = torch.tensor([True, True, False]).view(1, 1, 3, 1).expand(1, 1, 3, 4)
    scores = torch.tensor([1.0, 0.0, 2.0]).view(1, 1, 3, 1).expand(1, 1, 3, 4)
    deletion, insertion = (
        curve(by_brightness, image, scores, torch.zeros_like(image), steps=2, inside=inside)
        for curve in (deletion_curve, insertion_curve)
    )
    assert deletion.tolist() == [pytest.approx([1.8 / 3, 0.9 / 3, 0.6 / 3])]
    assert insertion.tolist() == [pytest.approx([0.6 / 3, 1.5 / 3, 1.8 / 3])]
    with pytest.raises(InputError, match=r"steps must be in 1\.\.8, the number of pixels, but is 9"):
        deletion_curve(by_brightness, image, scores, image, steps=9, inside=inside)
