# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import itertools

import pytest
import torch
from monai.data import MetaTensor

from monai_medtex.metrics import noisy_linear_imputation
from monai_medtex.utils import InputError


def random_images(*shape: int, share: float) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.rand(shape, generator=generator), torch.rand(shape[0], 1, *shape[2:], generator=generator) < share


def dense_solution(image: torch.Tensor, missing: torch.Tensor, weights: dict[int, float]) -> torch.Tensor:
    """Fill one channel by a dense solver; ``weights`` by the number of axes in which a neighbour differs."""
    pixels = list(itertools.product(*(range(size) for size in image.shape)))
    matrix, right = torch.eye(len(pixels)).double(), image.flatten().double().clone()
    for row, pixel in enumerate(pixels):
        if not missing[pixel]:
            continue
        offsets = [max(abs(a - b) for a, b in zip(pixel, other, strict=True)) for other in pixels]
        axes = [sum(a != b for a, b in zip(pixel, other, strict=True)) for other in pixels]
        near = torch.tensor([weights[n] if far == 1 else 0.0 for far, n in zip(offsets, axes, strict=True)]).double()
        matrix[row] -= near / near.sum()
        right[row] = 0
    return torch.linalg.solve(matrix, right).view_as(image)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_matches_a_dense_solver(share):
    images, missing = random_images(3, 2, 9, 10, share=share)
    filled = noisy_linear_imputation(images, missing, noise=0.0)
    for image, channel in itertools.product(range(3), range(2)):
        expected = dense_solution(images[image, channel], missing[image, 0], {0: 0, 1: 1 / 6, 2: 1 / 12})
        torch.testing.assert_close(filled[image, channel].double(), expected, atol=1e-4, rtol=0)


def test_three_dimensions():
    images, missing = random_images(1, 1, 4, 5, 6, share=0.6)
    expected = dense_solution(images[0, 0], missing[0, 0], {0: 0, 1: 1 / 14, 2: 1 / 28, 3: 1 / 56})
    filled = noisy_linear_imputation(images, missing, noise=0.0)[0, 0]
    torch.testing.assert_close(filled.double(), expected, atol=1e-4, rtol=0)


def test_one_missing_pixel_by_hand():
    image = torch.arange(9.0).view(1, 1, 3, 3).square()  # 0 1 4 / 9 . 25 / 36 49 64
    centre = torch.zeros(1, 1, 3, 3, dtype=torch.bool)
    centre[0, 0, 1, 1] = True
    filled = noisy_linear_imputation(image, centre, noise=0.0)
    assert filled[0, 0, 1, 1].item() == pytest.approx((1 + 9 + 25 + 49) / 6 + (0 + 4 + 36 + 64) / 12)
    corner = torch.zeros(1, 1, 3, 3, dtype=torch.bool)
    corner[0, 0, 0, 0] = True
    filled = noisy_linear_imputation(image, corner, noise=0.0)
    assert filled[0, 0, 0, 0].item() == pytest.approx((2 * 1 + 2 * 9 + 16) / 5)


def test_a_gradient_is_continued():
    """A linear image solves the equations where all neighbours exist, whatever is missing inside."""
    image = torch.linspace(0, 1, 64).view(1, 1, 64, 1).expand(1, 1, 64, 48).contiguous()
    missing = torch.zeros(1, 1, 64, 48, dtype=torch.bool)
    missing[..., 1:-1, 1:-1] = True
    filled = noisy_linear_imputation(image * ~missing, missing, noise=0.0)
    torch.testing.assert_close(filled, image, atol=2e-3, rtol=0)


def test_known_pixels_and_what_lies_beneath():
    images, missing = random_images(2, 3, 16, 16, share=0.7)
    filled = noisy_linear_imputation(images, missing)
    known = ~missing.expand_as(images)
    assert torch.equal(filled[known], images[known])
    other = images.where(known, 7.0)
    assert torch.equal(noisy_linear_imputation(other, missing), filled)  # the removed values tell nothing


def test_noise_has_its_size_and_follows_the_seed_alone():
    images, missing = torch.full((2, 3, 64, 64), 0.5), torch.rand(2, 1, 64, 64) < 0.8
    missing[:, :, 0, 0] = False
    state = torch.random.get_rng_state()
    first, again, other = (noisy_linear_imputation(images, missing, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    disturbance = (first - images)[missing.expand_as(images)]
    assert disturbance.std().item() == pytest.approx(0.01, rel=0.05)
    assert abs(disturbance.mean().item()) < 5 * 0.01 / len(disturbance) ** 0.5
    assert noisy_linear_imputation(images, missing, noise=0.0).sub(images).abs().max() < 1e-5


def test_the_batch_does_not_matter():
    images, missing = random_images(3, 2, 20, 20, share=0.8)
    missing[0, :, 1:] = True  # one hard, one easy
    missing[0, :, 0] = missing[1, :, 1:] = False
    together = noisy_linear_imputation(images, missing)
    alone = [noisy_linear_imputation(images[[i]], missing[[i]]) for i in range(3)]
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-6, rtol=0)


def test_nothing_missing_and_meta_tensors():
    images, missing = random_images(1, 2, 5, 7, share=0.0)
    filled = noisy_linear_imputation(MetaTensor(images).requires_grad_(), MetaTensor(missing))
    assert torch.equal(filled, images)
    assert type(filled) is torch.Tensor
    assert not filled.requires_grad


def test_errors():
    with pytest.raises(InputError, match=r"missing must be B1HW\[D\] .* \(4, 4\) beside images of \(1, 1, 4, 4\)"):
        noisy_linear_imputation(torch.zeros(1, 1, 4, 4), torch.zeros(4, 4) > 0)
    with pytest.raises(InputError, match=r"missing marks all pixels of an image"):
        noisy_linear_imputation(torch.zeros(2, 1, 4, 4), torch.tensor([0, 1]).view(2, 1, 1, 1).expand(2, 1, 4, 4) > 0)
