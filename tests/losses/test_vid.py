# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch.distributions import Normal

from monai_medtex.losses import VIDLoss, gaussian_log_likelihood, match_spatial_size

SIZES = [(4, 5), (2, 3, 4)]


def random_maps(size, dtype=torch.float64) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The mean, the variance and the target of two images with three channels."""
    generator = torch.Generator().manual_seed(0)
    mu, target = (2 * torch.randn(2, 3, *size, generator=generator, dtype=torch.float64) for _ in range(2))
    return mu.to(dtype), torch.tensor([0.3, 1.0, 5.0], dtype=dtype), target.to(dtype)


def log_likelihood(mu, variance, target) -> torch.Tensor:
    """The logarithm of the Gaussian of eq. 5, of each image."""
    deviation = variance.sqrt().view(1, -1, *[1] * (mu.ndim - 2))
    return Normal(mu, deviation).log_prob(target).flatten(1).sum(dim=1)


@pytest.mark.parametrize("size", SIZES)
def test_sum_is_the_negative_log_likelihood_less_its_constant(size):
    mu, variance, target = random_maps(size)
    elements = 3 * math.prod(size)
    expected = -log_likelihood(mu, variance, target).mean() - elements * math.log(2 * math.pi) / 2
    torch.testing.assert_close(VIDLoss("sum")(mu, variance, target), expected)


@pytest.mark.parametrize("size", SIZES)
def test_sum_matches_a_loop_over_pixels(size):
    mu, variance, target = random_maps(size)
    total = 0.0
    for image, channel, *pixel in itertools.product(*map(range, mu.shape)):
        place = (image, channel, *pixel)
        total += math.log(math.sqrt(variance[channel])) + (target[place] - mu[place]) ** 2 / (2 * variance[channel])
    assert VIDLoss("sum")(mu, variance, target).item() == pytest.approx(float(total) / 2)


@pytest.mark.parametrize("size", SIZES)
def test_mean_is_sum_per_element_of_an_image(size):
    maps = random_maps(size)
    torch.testing.assert_close(VIDLoss()(*maps) * 3 * math.prod(size), VIDLoss("sum")(*maps))


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("size", SIZES)
def test_the_bound_is_the_mean_log_likelihood_of_an_image(reduction, size):
    mu, variance, target = random_maps(size)
    bound = gaussian_log_likelihood(VIDLoss(reduction)(mu, variance, target), target, reduction)
    torch.testing.assert_close(bound, log_likelihood(mu, variance, target).mean())


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_gradients_in_double_precision(reduction):
    mu, variance, target = random_maps((2, 2))
    assert torch.autograd.gradcheck(VIDLoss(reduction), (mu.requires_grad_(), variance.requires_grad_(), target))


def test_no_gradient_reaches_the_teacher():
    mu, variance, target = (tensor.requires_grad_() for tensor in random_maps((2, 2)))
    VIDLoss()(mu, variance, target).backward()
    assert target.grad is None


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_single(dtype):
    mu, variance, target = random_maps((4, 5), dtype)
    mu, target = 100 * mu, 100 * target  # whose squares float16 can't hold
    loss = VIDLoss()(mu, variance, target)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(VIDLoss()(mu.double(), variance.double(), target.double()).item(), rel=1e-4)


def test_a_larger_map_is_averaged():
    x = torch.arange(16.0).view(1, 1, 4, 4)
    # rows 0 1 2 3 | 4 5 6 7 | ...: (0 + 1 + 4 + 5) / 4, and so on
    assert match_spatial_size(x, torch.Size([2, 2])).tolist() == [[[[2.5, 4.5], [10.5, 12.5]]]]
    assert match_spatial_size(x, torch.Size([4, 2])).tolist() == [[[[0.5, 2.5], [4.5, 6.5], [8.5, 10.5], [12.5, 14.5]]]]


def test_a_larger_volume_is_averaged():
    x = torch.arange(8.0).view(1, 1, 2, 2, 2)
    assert match_spatial_size(x, torch.Size([1, 1, 2])).tolist() == [[[[[(0 + 2 + 4 + 6) / 4, (1 + 3 + 5 + 7) / 4]]]]]


def test_a_smaller_map_is_interpolated():
    # pixel centres of the new map lie at -1/4, 1/4, 3/4, 5/4 of the old one, held at its border
    x = torch.tensor([0.0, 4.0]).view(1, 1, 1, 2)
    assert match_spatial_size(x, torch.Size([1, 4])).tolist() == [[[[0, 1, 3, 4]]]]
    x = torch.tensor([0.0, 4.0]).view(1, 1, 1, 1, 2)
    assert match_spatial_size(x, torch.Size([1, 1, 4])).tolist() == [[[[[0, 1, 3, 4]]]]]


def test_a_map_that_is_larger_along_one_axis_only_is_interpolated():
    x = torch.arange(8.0).view(1, 1, 4, 2)
    y = match_spatial_size(x, torch.Size([2, 4]))
    assert y.shape == (1, 1, 2, 4)
    # along the first axis midway between two rows, along the second as above
    assert y[0, 0].tolist() == [[1, 1.25, 1.75, 2], [5, 5.25, 5.75, 6]]


def test_a_map_of_the_right_size_is_left_alone():
    x = torch.rand(2, 3, 4, 5)
    assert match_spatial_size(x, torch.Size([4, 5])) is x


@pytest.mark.parametrize(("have", "want"), [((8, 8), (4, 4)), ((2, 2), (4, 6)), ((4, 4, 4), (2, 2, 2))])
def test_the_loss_resizes_the_mean_and_not_the_target(have, want):
    generator = torch.Generator().manual_seed(0)
    mu, target = (torch.randn(2, 3, *size, generator=generator) for size in (have, want))
    variance = torch.tensor([0.5, 1.0, 2.0])
    expected = VIDLoss()(match_spatial_size(mu, target.shape[2:]), variance, target)
    assert VIDLoss()(mu, variance, target) == expected


@pytest.mark.parametrize("reduction", ["none", "median"])
def test_another_reduction_is_refused(reduction):
    with pytest.raises(ValueError, match=reduction):
        VIDLoss(reduction)
