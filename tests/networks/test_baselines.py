# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch
from monai.networks.layers import GaussianFilter
from torch import nn

from monai_medtex.networks import (
    BlurBaseline,
    ConstantBaseline,
    MeanBaseline,
    NoiseBaseline,
    RandomBaseline,
    ZeroBaseline,
    blur_baseline,
    masked,
)
from monai_medtex.utils import InputError

SIZES = [(9, 12), (6, 7, 8)]
MAKE = {
    "zero": ZeroBaseline,
    "constant": lambda: ConstantBaseline(0.5),
    "colour": lambda: ConstantBaseline([0.1, 0.2, 0.3]),
    "mean": MeanBaseline,
    "blur": lambda: BlurBaseline(2),
    "noise": lambda: NoiseBaseline([0.1, 0.2, 0.3], 0.2),
    "random": lambda: RandomBaseline([BlurBaseline(1.5), NoiseBaseline(0.5, 0.1)]),
}


class Masked(nn.Module):
    """What a student is shown."""

    def __init__(self, baseline: nn.Module) -> None:
        super().__init__()
        self.baseline = baseline

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return masked(x, torch.sigmoid(x[:, :1]), self.baseline(x))


def images(*size: int, batch: int = 2) -> torch.Tensor:
    return torch.rand(batch, 3, *size, generator=torch.Generator().manual_seed(0))


def test_a_removed_pixel_becomes_the_baseline():
    x = torch.tensor([[[[0.0, 1.0], [0.5, 0.5]]]])
    theta = torch.tensor([[[[1.0, 0.0], [0.5, 1.0]]]])
    torch.testing.assert_close(masked(x, theta, ZeroBaseline()(x)), torch.tensor([[[[0.0, 0.0], [0.25, 0.5]]]]))
    torch.testing.assert_close(masked(x, theta, MeanBaseline()(x)), torch.tensor([[[[0.0, 0.5], [0.5, 0.5]]]]))


@pytest.mark.parametrize("name", MAKE)
@pytest.mark.parametrize("size", SIZES)
def test_in_eval_mode_a_script_gives_the_same(name, size):
    network, x = Masked(MAKE[name]()).eval(), images(*size)
    torch.testing.assert_close(torch.jit.script(network)(x), network(x))
    assert not network.state_dict()


@pytest.mark.parametrize("size", SIZES)
def test_in_eval_mode_all_can_be_exported_for_any_batch_and_size(size):
    network = nn.Sequential(*(Masked(make()) for make in MAKE.values())).eval()
    dynamic = {0: torch.export.Dim("batch"), 2: torch.export.Dim("side")}
    exported = torch.export.export(network, (images(*size),), dynamic_shapes=(dynamic,)).module()
    other = images(11, *size[1:], batch=3)
    torch.testing.assert_close(exported(other), network(other))


@pytest.mark.parametrize("name", MAKE)
@pytest.mark.parametrize("size", SIZES)
def test_a_baseline_is_like_the_images(name, size):
    x = images(*size).double()
    for baseline in (MAKE[name](), MAKE[name]().eval()):
        assert (baseline(x).shape, baseline(x).dtype) == (x.shape, x.dtype)


@pytest.mark.parametrize("name", MAKE)
def test_in_eval_mode_nothing_is_drawn(name):
    baseline, x = MAKE[name]().eval(), images(5, 5)
    assert torch.equal(baseline(x), baseline(x))


@pytest.mark.parametrize("size", SIZES)
def test_what_the_plain_ones_hold(size):
    x = images(*size)
    assert not ZeroBaseline()(x).any()
    assert (ConstantBaseline(0.25)(x) == 0.25).all()
    for channel, value in enumerate((0.5, 0.25, 2.0)):
        assert (ConstantBaseline((0.5, 0.25, 2.0))(x)[:, channel] == value).all()
        for image in range(len(x)):
            expected = torch.full(size, x[image, channel].mean().item())
            torch.testing.assert_close(MeanBaseline()(x)[image, channel], expected)


@pytest.mark.parametrize(("size", "sigma"), [((30, 25), 2.0), ((12, 40), 5.0), ((10, 12, 9), 1.5)])
def test_blur_is_a_gaussian_filter_over_the_image_alone(size, sigma):
    """MONAI's filter takes zeros beyond the border; the same filter of ones says how much of the weight they had."""
    x, filtered = images(*size), GaussianFilter(len(size), sigma, truncated=8.0)
    torch.testing.assert_close(blur_baseline(x, sigma), filtered(x) / filtered(torch.ones_like(x)))
    assert torch.equal(BlurBaseline(sigma)(x), blur_baseline(x, sigma))


def test_noise_has_its_mean_and_deviation_in_each_channel():
    torch.manual_seed(0)
    noise, x = NoiseBaseline([0.0, 1.0, 2.0], [1.0, 0.5, 0.0]), images(100, 100)
    drawn = noise(x).transpose(0, 1).flatten(1)  # 20,000 values a channel: standard error of the mean 0.007
    torch.testing.assert_close(drawn.mean(dim=1), torch.tensor([0.0, 1.0, 2.0]), atol=0.03, rtol=0)
    torch.testing.assert_close(drawn.std(dim=1), torch.tensor([1.0, 0.5, 0.0]), atol=0.03, rtol=0)
    torch.testing.assert_close(noise.eval()(x), ConstantBaseline([0.0, 1.0, 2.0])(x))


def test_random_draws_one_for_each_image_and_takes_the_first_in_eval_mode():
    torch.manual_seed(0)
    values, x = [0.0, 0.5, 1.0], images(2, 2, batch=3000)
    random = RandomBaseline([ConstantBaseline(value) for value in values])
    drawn = random(x).flatten(1)
    assert (drawn == drawn[:, :1]).all()
    for value in values:
        share = (drawn[:, 0] == value).float().mean().item()
        assert share == pytest.approx(1 / 3, abs=0.035)  # 4 standard errors of 0.0086
    assert not random.eval()(x).any()


def test_random_gives_each_image_its_own_baseline():
    torch.manual_seed(0)
    x = images(4, 4, batch=40)
    drawn, mean, blurred = (
        RandomBaseline([MeanBaseline(), BlurBaseline(1.0)])(x),
        MeanBaseline()(x),
        blur_baseline(x, 1),
    )
    is_mean, is_blurred = ((drawn == other).flatten(1).all(dim=1) for other in (mean, blurred))
    assert (is_mean ^ is_blurred).all()
    assert is_mean.any()
    assert is_blurred.any()


def test_the_gradient_reaches_the_image_through_the_blur():
    x = images(4, 5)[:1].double().requires_grad_()
    assert torch.autograd.gradcheck(BlurBaseline(1.5), x)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: BlurBaseline(0), "sigma must be positive but is 0"),
        (lambda: NoiseBaseline(0.5, [0.1, -0.1, 0.1]), "std must not be negative but is .0.1, -0.1, 0.1."),
        (lambda: RandomBaseline([]), "baselines must name at least one"),
        (lambda: ConstantBaseline([0.1, 0.2])(images(4, 4)), "values for 2 channels but the images have 3"),
    ],
)
def test_refuses(make, message):
    with pytest.raises(InputError, match=message):
        make()
