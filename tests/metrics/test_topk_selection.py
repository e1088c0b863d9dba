# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch
from monai.data import MetaTensor

from monai_medtex.metrics import pixel_scores, ranked_pixels, top_share_mask, topk_mask, topk_pixels
from monai_medtex.utils import InputError


def random_scores(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("spatial_shape", "k", "expected"),
    [
        ((256, 256), 1, 1024),
        ((256, 256), 6, 6144),
        ((224, 224), 1, 784),  # 50176 / 64
        ((100, 100), 2, 312),  # 312.5, to even
        ((10, 10), 1, 2),  # 1.5625
        ((4, 4), 1, 1),  # 0.25, at least one
        ((64, 64, 32), 3, 6144),  # 3 / 64 of 131072 voxels
        ((8, 8), 64, 64),
    ],
)
def test_topk_pixels_scales_the_papers_number_with_the_area(spatial_shape, k, expected):
    assert topk_pixels(spatial_shape, k) == expected


@pytest.mark.parametrize("k", [0, -1, 65])
def test_topk_pixels_refuses_other_steps(k):
    with pytest.raises(InputError, match=rf"k must be in 1\.\.64 but is {k}$"):
        topk_pixels((256, 256), k)


def test_known_order_on_four_by_four():
    theta = torch.tensor([[7, 1, 15, 3], [4, 10, 6, 0], [8, 9, 5, 11], [12, 13, 14, 2]]).view(1, 1, 4, 4) / 16
    assert ranked_pixels(theta, 4).tolist() == [[2, 14, 13, 12]]
    expected = [[0, 0, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0], [1, 1, 1, 0]]
    assert topk_mask(theta, 4).int().view(4, 4).tolist() == expected


@pytest.mark.parametrize("spatial_shape", [(9, 7), (4, 5, 6)])
def test_selects_the_highest_scores_of_each_image(spatial_shape):
    theta = random_scores(3, 1, *spatial_shape)
    mask = topk_mask(theta, 10)
    assert mask.shape == theta.shape
    assert mask.dtype == torch.bool
    for scores, chosen in zip(theta.flatten(1).tolist(), mask.flatten(1).tolist(), strict=True):
        expected = set(sorted(range(len(scores)), key=scores.__getitem__)[-10:])
        assert {index for index, inside in enumerate(chosen) if inside} == expected


def test_several_channels_are_averaged_in_single_precision():
    theta = random_scores(2, 3, 8, 8).half()
    expected = sum(theta.float()[:, [channel]] for channel in range(3)) / 3
    torch.testing.assert_close(pixel_scores(theta), expected)
    assert torch.equal(topk_mask(theta, 12), topk_mask(expected, 12))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision(dtype):
    theta = random_scores(2, 1, 32, 32).to(dtype)
    assert torch.equal(topk_mask(theta, 100), topk_mask(theta.float(), 100))
    assert topk_mask(theta, 100).flatten(1).sum(1).tolist() == [100, 100]


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0, float("nan")])
def test_ties_give_exactly_k_scattered_pixels(value):
    mask = topk_mask(torch.full((2, 1, 16, 16), value), 64).flatten(1)
    assert mask.sum(1).tolist() == [64, 64]
    # Of 64 pixels drawn at random, 16 +- 3 (hypergeometric: variance 64 * 1/4 * 3/4 * 192/255 = 9.04) are in a quarter
    # of the image; the first ones by index would all be.
    assert 16 - 5 * 3.01 < mask[0, :64].sum() < 16 + 5 * 3.01


def test_ties_follow_the_seed_alone():
    theta = torch.ones(1, 1, 16, 17)
    state = torch.random.get_rng_state()
    selections = [tuple(topk_mask(theta, 32, seed=seed).flatten().tolist()) for seed in (*range(20), 0)]
    assert torch.equal(torch.random.get_rng_state(), state)  # the global generator is left alone
    assert selections[20] == selections[0]
    assert len(set(selections)) == 20


def test_ties_do_not_override_scores():
    theta = random_scores(1, 1, 16, 16).mul(4).round() / 4  # five values
    flat = theta.flatten()
    chosen = topk_mask(theta, 100).flatten()
    assert flat[chosen].min() >= flat[~chosen].max()


def test_the_batch_does_not_matter():
    theta = random_scores(4, 1, 12, 12).mul(3).round()  # many ties
    together = topk_mask(theta, 20)
    assert torch.equal(topk_mask(theta.flip(0), 20).flip(0), together)
    assert torch.equal(torch.cat([topk_mask(image[None], 20) for image in theta]), together)


def test_a_larger_selection_holds_the_smaller_one():
    theta = random_scores(1, 1, 12, 12).mul(3).round()
    assert not (topk_mask(theta, 20) & ~topk_mask(theta, 21)).any()


def test_nan_ranks_below_minus_infinity():
    nan, inf = float("nan"), float("inf")
    theta = torch.tensor([nan, -inf, 0.1, nan, inf, -1.0, nan, nan, 0.2]).view(1, 1, 3, 3)
    assert ranked_pixels(theta, 9)[0, :5].tolist() == [4, 8, 2, 5, 1]


def test_negative_zero_is_zero():
    theta = torch.tensor([0.0, -0.0]).repeat(128).view(1, 1, 16, 16)
    assert torch.equal(ranked_pixels(theta, 256), ranked_pixels(torch.zeros(1, 1, 16, 16), 256))


def test_meta_tensors_and_tensors_with_gradient():
    theta = random_scores(2, 1, 8, 8)
    expected = topk_mask(theta, 5)
    assert torch.equal(topk_mask(MetaTensor(theta), 5), expected)
    assert type(topk_mask(MetaTensor(theta), 5)) is torch.Tensor
    with torch.inference_mode():
        ranked_pixels(random_scores(1, 1, 8, 9), 5, seed=11)
    ranked_pixels(random_scores(1, 1, 8, 9).requires_grad_(), 5, seed=11)  # the order made above is used again
    assert torch.equal(topk_mask(theta.clone().requires_grad_(), 5), expected)


@pytest.mark.parametrize("k", [0, 17])
def test_k_must_fit_the_image(k):
    with pytest.raises(InputError, match=rf"k must be in 1\.\.16, the number of pixels, but is {k}$"):
        topk_mask(torch.zeros(1, 1, 4, 4), k)


def test_scores_need_a_batch_and_a_channel():
    with pytest.raises(InputError, match=r"BCHW\[D\] but has the shape \(4, 4\)"):
        pixel_scores(torch.zeros(4, 4))


def test_a_share_is_one_of_the_images_own_pixels():
    """Half of 8 own pixels are 4, of 4 are 2, whatever the padding scores; without padding half of all 16."""
    scores = torch.arange(16.0).view(1, 1, 4, 4).repeat(2, 1, 1, 1)
    inside = torch.zeros(2, 1, 4, 4, dtype=torch.bool)
    inside[0, :, :2], inside[1, :, :, 0] = True, True
    chosen = [mask.flatten().nonzero().flatten().tolist() for mask in top_share_mask(scores, 0.5, inside)]
    assert chosen == [[4, 5, 6, 7], [8, 12]]
    assert top_share_mask(scores, 0.5)[0].flatten().nonzero().flatten().tolist() == list(range(8, 16))
    assert top_share_mask(scores, 1e-6, inside).flatten(1).sum(dim=1).tolist() == [1, 1]
    assert torch.equal(top_share_mask(scores, 1.0, inside), inside)
    tied = torch.ones(1, 2, 8, 8)
    assert torch.equal(top_share_mask(tied, 0.25, seed=3), topk_mask(tied, 16, seed=3))
