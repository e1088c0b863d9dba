# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math

import pytest
import torch

from monai_medtex.metrics import PAPER_KS, ceiling_iou, chance_iou
from monai_medtex.reporting import iou_levels, map_levels, map_scores, parse_rows


def row(method, image, seed=0, fraction="", **figures):
    base = {"method": method, "image": image, "seed": seed, "fraction": fraction, "label": 1, "teacher_class": 1}
    return base | {"lesion_share": 0.1, **figures}


def scores(raw, fraction=0.25):
    return map_scores(parse_rows(raw, ["A", "B"]), ["B", "A"], fraction)


def test_values_are_means_over_seeds_per_image_and_method():
    raw = [row("A", "x", 0, 0.25, hit=1), row("A", "x", 1, 0.25, hit=0), row("A", "y", 0, 0.25, hit=1)]
    raw += [row("A", "y", 1, 0.25, hit="", road=1), row("B", "y", hit=0), row("A", "x", 0, 0.5, hit=0.9)]
    got = scores(raw)
    assert (got.methods, got.images) == (["B", "A"], ["x", "y"])
    torch.testing.assert_close(
        got.values("hit"), torch.tensor([[math.nan, 0.5], [0.0, 1.0]], dtype=torch.float64), equal_nan=True
    )


def test_only_images_whose_lesion_the_teacher_recognises_are_judged():
    raw = [
        row("A", "right", hit=1),
        row("A", "wrong", hit=1, teacher_class=0),
        row("A", "unlabelled", hit=1, label="", teacher_class=2),
        row("A", "unlabelled, called normal", hit=1, label="", teacher_class=0),
        row("A", "healthy", lesion_share=0, deletion=0.5, label=0, teacher_class=0),
        row("A", "unmasked", lesion_share="", deletion=0.5),
    ]
    assert scores(raw).images == ["right", "unlabelled"]


def test_without_any_lesion_all_images_are_judged():
    raw = [row("A", "x", lesion_share="", deletion=0.2), row("A", "y", lesion_share=0, deletion=0.4, teacher_class=0)]
    assert scores(raw).images == ["x", "y"]
    levels = map_levels(scores(raw))
    assert (levels["images"], levels["groups"]) == (2, 2)
    assert math.isnan(levels["iou_chance"])


def test_rows_without_any_figure_of_a_map_make_no_method():
    assert scores([row("A", "x", hit=1), row("B", "x", student_class=1)]).methods == ["A"]


def test_images_of_a_patient_are_drawn_together_and_others_alone():
    raw = [row("A", name, hit=1, patient=patient) for name, patient in (("x", "p"), ("y", "p"), ("z", ""), ("p", ""))]
    assert map_levels(scores(raw))["groups"] == 3
    # the figure is the image's number of the patient's images, so that a draw of whole patients is a mean of 2 or of 0
    raw = [
        row("A", name, hit=hit, patient=who)
        for name, who, hit in (("a", "p", 0), ("b", "p", 1), ("c", "q", 0), ("d", "q", 1))
    ]
    assert torch.equal(scores(raw).draws("hit"), torch.full((1000, 1), 0.5, dtype=torch.float64))


def test_images_that_were_altered_are_counted_apart():
    raw = [row(name, image, hit=1) for name in "AB" for image in "xyz"]
    raw += [row("A", "x", 1, hit=1, road=0.1), row("B", "x", 1, hit=1, deletion=0), row("B", "y", 1, insertion=0.5)]
    levels = map_levels(scores(raw))
    assert (levels["images"], levels["altered"]) == (3, 2)


def test_levels_are_means_over_images_not_rows():
    raw = [row(name, image, hit=1, lesion_share=share) for name in "AB" for image, share in (("x", 0.1), ("y", 0.3))]
    raw += [row("A", "x", 1, hit=1)]
    assert map_levels(scores(raw))["lesion_share"] == pytest.approx(0.2)


def test_levels_at_each_k_are_those_of_the_masks():
    lesions = torch.zeros(2, 1, 16, 16)
    lesions[0, 0, :3, :4] = 1
    lesions[1, 0, :8, :7] = 1
    raw = [row("A", str(n), hit=1, lesion_share=lesion.mean().item()) for n, lesion in enumerate(lesions)]
    got = iou_levels(scores(raw))
    assert len(got["chance"]) == len(PAPER_KS)
    torch.testing.assert_close(torch.tensor(got["chance"]), chance_iou(lesions).mean(dim=0))
    torch.testing.assert_close(torch.tensor(got["ceiling"]), ceiling_iou(lesions).mean(dim=0))
