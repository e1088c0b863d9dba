# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math
from statistics import mean

import pytest
import torch
from monai.data import MetaTensor
from monai.metrics import compute_iou

from monai_medtex.metrics import (
    OUTSIDE,
    PAPER_KS,
    TopKIoU,
    ceiling_iou,
    chance_iou,
    paper_topk_iou,
    topk_iou,
    topk_mask,
    topk_pixels,
)
from monai_medtex.utils import InputError

# On 8 x 8 pixels K = k. Scores fall from the first pixel to the last; the lesion is the pixels 1, 2, 3 and 10.
FALLING = (1 - torch.arange(64.0) / 64).view(1, 1, 8, 8)
LESION = torch.zeros(64).index_fill(0, torch.tensor([1, 2, 3, 10]), 1).view(1, 1, 8, 8)
BY_HAND = [0 / 5, 1 / 5, 2 / 5, 3 / 5, 3 / 6, 3 / 7]


def random_pair(*spatial: int, images: int = 3, seed: int = 0, channels: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    """Scores without ties and lesions of about a tenth of the image; image 0 has none."""
    generator = torch.Generator().manual_seed(seed)
    theta = torch.rand(images, channels, *spatial, generator=generator)
    lesion = torch.rand(images, 1, *spatial, generator=generator) < 0.1
    lesion[0] = False
    return theta, lesion


def hypergeometric(pixels: int, lesion: int, selected: int) -> list[tuple[float, float]]:
    """Probability and IoU of each overlap of ``selected`` random pixels with the lesion."""
    everything = math.comb(pixels, selected)
    return [
        (math.comb(lesion, h) * math.comb(pixels - lesion, selected - h) / everything, h / (selected + lesion - h))
        for h in range(min(lesion, selected) + 1)
    ]


def test_by_hand():
    assert topk_iou(FALLING, LESION)[0].tolist() == pytest.approx(BY_HAND)


@pytest.mark.parametrize("spatial", [(20, 23), (8, 9, 10)])
def test_matches_a_loop_over_pixels(spatial):
    theta, lesion = random_pair(*spatial)
    result = topk_iou(theta, lesion)
    assert result.shape == (3, 6)
    assert result[0].isnan().all()
    for image in (1, 2):
        scores, inside = theta[image].flatten().tolist(), lesion[image].flatten().tolist()
        order = sorted(range(len(scores)), key=lambda pixel: -scores[pixel])
        truth = {pixel for pixel, is_lesion in enumerate(inside) if is_lesion}
        for k in PAPER_KS:
            chosen = set(order[: max(1, round(k * 1024 / 65536 * len(scores)))])
            assert result[image, k - 1].item() == pytest.approx(len(chosen & truth) / len(chosen | truth), rel=1e-6)


@pytest.mark.parametrize("channels", [1, 3])
def test_matches_monai_on_the_selected_mask(channels):
    theta, lesion = random_pair(32, 32, images=5, channels=channels)
    theta = theta.mul(8).round() / 8  # many ties: both must see the same selection
    for column, k in enumerate((1, 4, 20)):
        mask = topk_mask(theta, topk_pixels((32, 32), k), seed=5)
        expected = compute_iou(mask.float(), lesion.float())[:, 0]
        torch.testing.assert_close(topk_iou(theta, lesion, (1, 4, 20), seed=5)[:, column], expected, equal_nan=True)


def test_a_perfect_and_a_disjoint_selection():
    lesion = (FALLING > 1 - 4 / 64).float()  # the first four pixels
    assert topk_iou(lesion, lesion, (4,)).item() == 1
    assert paper_topk_iou(topk_iou(lesion, lesion, (4,))).item() == 2  # eq. 14 exceeds 1
    assert topk_iou(1 - lesion, lesion, (4,)).item() == 0


def test_the_papers_form_is_twice_the_intersection_over_the_union():
    theta, lesion = random_pair(32, 32)
    selected = topk_mask(theta, topk_pixels((32, 32), 6))
    intersection, union = ((pair).flatten(1).sum(1) for pair in (selected & lesion, selected | lesion))
    result = paper_topk_iou(topk_iou(theta, lesion, (6,)))[1:, 0]
    torch.testing.assert_close(result, (2 * intersection / union)[1:])


def test_constant_theta_scores_at_chance():
    """Over seeds the mean IoU of a constant map is the exact expectation, and the plug-in is close below it."""
    pixels, area, seeds = 256, 30, 400
    lesion = torch.zeros(1, 1, 16, 16)
    lesion.view(-1)[:area] = 1  # upper left, where an unbroken tie would look
    selected = topk_pixels((16, 16), 6)
    overlaps = hypergeometric(pixels, area, selected)
    expected = sum(p * iou for p, iou in overlaps)
    deviation = math.sqrt(sum(p * (iou - expected) ** 2 for p, iou in overlaps))
    scores = [topk_iou(torch.ones(1, 1, 16, 16), lesion, (6,), seed=seed).item() for seed in range(seeds)]
    assert abs(mean(scores) - expected) < 4 * deviation / math.sqrt(seeds)
    plug_in = chance_iou(lesion, (6,)).item()
    # Jensen: f(h) = h / (K + g - h) is convex, so f(E h) <= E f(h); the gap is at most max f'' Var(h) / 2.
    variance = selected * (area / pixels) * (1 - area / pixels) * (pixels - selected) / (pixels - 1)
    most = 2 * (selected + area) / max(selected, area) ** 3
    assert 0 < expected - plug_in < most * variance / 2


def test_chance_and_ceiling_by_hand():
    # N = 64, g = 4: for k = 2 the overlap is 1/8, so 0.125 / (2 + 4 - 0.125); for k = 64 all is selected: 4 / 64.
    assert chance_iou(LESION, (2, 64))[0].tolist() == pytest.approx([0.125 / 5.875, 4 / 64])
    assert ceiling_iou(LESION, (2, 4, 64))[0].tolist() == pytest.approx([2 / 4, 1.0, 4 / 64])


def test_no_selection_beats_the_ceiling_and_the_lesion_itself_reaches_it():
    theta, lesion = random_pair(32, 32, images=4)
    best, ceiling = topk_iou(lesion.float(), lesion), ceiling_iou(lesion)
    torch.testing.assert_close(best, ceiling, equal_nan=True)
    assert (topk_iou(theta, lesion) <= ceiling)[1:].all()


def test_all_levels_are_nan_without_lesion():
    for level in (topk_iou(FALLING, torch.zeros(1, 1, 8, 8)), chance_iou(LESION * 0), ceiling_iou(LESION * 0)):
        assert level.shape == (1, 6)
        assert level.isnan().all()


@pytest.mark.parametrize("lesion", [LESION.bool(), LESION.byte() * 255, LESION.half(), LESION.long(), LESION / 5 + 0.4])
def test_lesions_of_every_type(lesion):
    assert topk_iou(FALLING, lesion)[0].tolist() == pytest.approx(BY_HAND)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision(dtype):
    theta, lesion = random_pair(32, 32)
    theta = theta.to(dtype)
    result = topk_iou(theta, lesion)
    assert result.dtype == torch.float32
    assert torch.equal(result[1:], topk_iou(theta.float(), lesion)[1:])


def test_the_batch_does_not_matter():
    theta, lesion = random_pair(16, 16, images=5)
    theta = theta.mul(3).round()
    together = topk_iou(theta, lesion)[1:]
    alone = torch.cat([topk_iou(theta[[image]], lesion[[image]]) for image in range(1, 5)])
    assert torch.equal(alone, together)
    assert torch.equal(topk_iou(theta.flip(0), lesion.flip(0)).flip(0)[1:], together)


@pytest.mark.parametrize("shape", [(1, 1, 8, 9), (2, 1, 8, 8), (1, 2, 8, 8), (1, 8, 8)])
def test_a_lesion_that_does_not_fit_is_named(shape):
    with pytest.raises(InputError, match="lesion must be B1HW") as caught:
        topk_iou(FALLING, torch.zeros(shape))
    assert str(shape) in str(caught.value)


def expected_figures(rows: list[list[float]], lesion: torch.Tensor) -> dict[str, float]:
    """Means by plain Python over the images that have a lesion."""
    kept = [row for row in rows if not math.isnan(row[0])]
    tops = [mean(column) for column in zip(*kept, strict=True)]
    area = [image.sum().item() for image in lesion if image.any()]
    pixels = lesion[0].numel()
    levels = [(round(k * pixels / 64), g) for g in area for k in PAPER_KS]
    return {
        **{f"iou_top{k}": top for k, top in zip(PAPER_KS, tops, strict=True)},
        "iou_mean": mean(tops),
        **{f"paper_iou_top{k}": 2 * top for k, top in zip(PAPER_KS, tops, strict=True)},
        "paper_iou_mean": 2 * mean(tops),
        "iou_chance": mean((k * g / pixels) / (k + g - k * g / pixels) for k, g in levels),
        "iou_ceiling": mean(min(k, g) / max(k, g) for k, g in levels),
        "lesion_images": len(kept),
        "empty_images": len(rows) - len(kept),
    }


@pytest.mark.parametrize("form", ["tensor", "list", "meta"])
@pytest.mark.parametrize("spatial", [(32, 32), (8, 16, 8)])
def test_metric_is_the_mean_over_images_with_a_lesion(form, spatial):
    theta, lesion = random_pair(*spatial, images=7)
    metric = TopKIoU()
    for part in (slice(0, 2), slice(2, 7)):
        match form:
            case "tensor":
                metric(theta[part], lesion[part])
            case "list":
                metric(list(theta[part]), list(lesion[part]))
            case "meta":
                metric([MetaTensor(t) for t in theta[part]], [MetaTensor(m) for m in lesion[part]])
    figures = metric.aggregate()
    assert figures == pytest.approx(expected_figures(topk_iou(theta, lesion).tolist(), lesion), rel=1e-5)
    assert (figures["lesion_images"], figures["empty_images"]) == (6, 1)
    assert metric.get_buffer().shape == (7, 18)


def test_rows_hold_iou_chance_and_ceiling():
    metric = TopKIoU(ks=(2, 4))
    rows = metric(FALLING, LESION)
    assert rows[0].tolist() == pytest.approx([1 / 5, 3 / 5, 0.125 / 5.875, 0.25 / 7.75, 2 / 4, 1.0])
    assert {"iou_top2", "iou_top4", "paper_iou_top2"} <= set(metric.aggregate())


def test_the_seed_reaches_the_selection():
    constant = torch.ones(1, 1, 16, 16)
    lesion = torch.zeros(1, 1, 16, 16)
    lesion[..., :8] = 1
    scores = [TopKIoU(ks=(6,), seed=seed)(constant, lesion)[0, 0].item() for seed in range(10)]
    assert scores == [topk_iou(constant, lesion, (6,), seed=seed).item() for seed in range(10)]
    assert len(set(scores)) > 1


@pytest.mark.parametrize("images", [0, 2])
def test_no_lesion_anywhere_gives_nan_and_counts(images):
    metric = TopKIoU()
    if images:
        metric(torch.rand(images, 1, 8, 8), torch.zeros(images, 1, 8, 8))
    figures = metric.aggregate()
    assert (figures.pop("lesion_images"), figures.pop("empty_images")) == (0, images)
    assert len(figures) == 16
    assert all(math.isnan(figure) for figure in figures.values())


def test_padding_is_no_part_of_the_image() -> None:
    generator = torch.Generator().manual_seed(0)
    theta = torch.rand(2, 1, 16, 8, generator=generator)
    lesion = (torch.rand(2, 1, 16, 8, generator=generator) > 0.7).float()
    padded_theta = torch.nn.functional.pad(theta, (4, 4), value=1.0)
    padded = torch.nn.functional.pad(lesion, (4, 4), value=OUTSIDE)
    assert torch.equal(topk_iou(padded_theta, padded), topk_iou(theta, lesion))
    assert torch.equal(chance_iou(padded), chance_iou(lesion))
    assert torch.equal(ceiling_iou(padded), ceiling_iou(lesion))


def test_images_of_one_batch_have_padding_of_their_own() -> None:
    theta = torch.rand(2, 1, 16, 16, generator=torch.Generator().manual_seed(1))
    lesion = torch.zeros(2, 1, 16, 16)
    lesion[..., 4:9, 4:9] = 1
    lesion[1, :, :4] = lesion[1, :, 12:] = OUTSIDE
    together = topk_iou(theta, lesion)
    assert torch.equal(together[:1], topk_iou(theta[:1], lesion[:1]))
    assert torch.equal(together[1:], topk_iou(theta[1:, :, 4:12], lesion[1:, :, 4:12]))
