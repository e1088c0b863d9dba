# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import torch
from torch import nn

from monai_medtex.networks import ExplainedClassifier, ZeroBaseline
from monai_medtex.trust import RandomlyMaskedBatch, baseline_of
from monai_medtex.trust.deployed_baseline import masked_by
from monai_medtex.trust.eval_x import answers_to_views, random_scores


def test_every_view_is_asked_for(subject):
    rows = answers_to_views(subject, subject.teacher, areas=[1 / 256, 1.0])
    assert [row["teacher"] for row in rows] == [0, 1, 0, 1, 0, 1]
    for row in rows:
        seen, bright = row["eval_x"], row["teacher"]
        # the one highest score is the white pixel; black has no pixel above a half
        assert seen["whole"] == seen["top 0.00390625"] == seen["top 1"] == seen["theta"] == [bright]
        assert seen["empty"] == [0]
        assert seen["random 1"] == [bright] * 3
        assert seen.get("lesion") == ([1] if bright else None)
    # one random pixel of 256 is the white one in 3 images hardly ever
    assert sum(sum(row["eval_x"]["random 0.00390625"]) for row in rows) <= 1


def test_random_maps_are_the_same_for_the_same_seed_and_smooth():
    maps = random_scores(2, (32, 32), draws=2)
    assert maps.shape == (2, 2, 1, 32, 32)
    assert torch.equal(maps, random_scores(2, (32, 32), draws=2))
    assert not torch.equal(maps[0], maps[1])
    assert maps.diff(dim=-1).abs().max() < 0.3
    assert random_scores(1, (8, 10, 12)).shape == (3, 1, 1, 8, 10, 12)


def test_a_network_that_names_no_baseline_removes_by_black():
    assert isinstance(baseline_of(nn.Linear(1, 1)), ZeroBaseline)


def test_theta_is_shown_as_the_student_sees_it():
    x, theta = torch.full((1, 1, 1, 2), 2.0), torch.tensor([[[[0.25, 1.0]]]])
    network = ExplainedClassifier(nn.Identity(), nn.Identity(), mask_power=0.5)
    assert masked_by(network, x, theta).tolist() == [[[[1.0, 2.0]]]]
    assert masked_by(nn.Linear(1, 1), x, theta).tolist() == [[[[0.5, 2.0]]]]


def test_a_batch_is_masked_and_keeps_the_answer_to_the_whole_image(subject):
    half = torch.zeros(1, 1, 16, 16)
    half[..., 8:] = 1

    class RightHalf(nn.Module):
        def forward(self, theta: torch.Tensor) -> torch.Tensor:
            return half.expand(len(theta), -1, -1, -1)

    images = torch.stack([image.image for image in subject.images])
    masked, answers = RandomlyMaskedBatch(subject.teacher, RightHalf(), ZeroBaseline())({"image": images}, "cpu")
    assert answers.argmax(dim=1).tolist() == [0, 1, 0, 1, 0, 1]
    # the white pixel lies in the other half
    assert subject.teacher(masked).argmax(dim=1).tolist() == [0] * 6
    assert torch.equal(masked[..., 8:], images[..., 8:])
