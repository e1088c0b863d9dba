# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch

from monai_medtex.losses import ClassEvidenceLoss
from monai_medtex.networks import (
    BlockCNN,
    ClassExplainer,
    ExplainedClassifier,
    Explainer,
    FrozenTeacher,
    MedTexNet,
)


@pytest.mark.parametrize("spatial_dims", [2, 3])
def test_theta_is_the_highest_of_the_classes_scores(spatial_dims):
    explainer = ClassExplainer(spatial_dims, 1, 3, (4, 8)).eval()
    x = torch.rand(2, 1, *[8] * spatial_dims)
    maps, theta = explainer.classes(x), explainer(x)
    assert maps.shape == (2, 3, *[8] * spatial_dims)
    assert 0 <= maps.min() <= maps.max() <= 1
    assert theta.shape == (2, 1, *[8] * spatial_dims)
    assert theta[:, 0].equal(maps.max(dim=1).values)


def test_only_the_last_layer_differs_from_an_explainer_of_one_score():
    one, several = Explainer(2, 3).state_dict(), ClassExplainer(2, 3, 5).state_dict()
    assert list(one) == list(several)
    assert [key for key in one if one[key].shape != several[key].shape] == ["score.weight", "score.bias"]
    assert several["score.weight"].shape == (5, 8, 1, 1)


def test_the_deployed_pair_can_be_scripted_and_asked_for_a_class():
    pair = ExplainedClassifier(ClassExplainer(2, 3, 4, (4, 8)), BlockCNN(2, 3, 4, (2, 4))).eval()
    scripted, x = torch.jit.script(pair), torch.rand(2, 3, 16, 16)
    assert torch.allclose(scripted(x), pair(x), atol=1e-6)
    assert torch.allclose(scripted.explainer.classes(x), pair.explainer.classes(x), atol=1e-6)


def test_the_scores_of_all_classes_are_given_to_the_losses():
    explainer = ClassExplainer(2, 1, 3, (4, 8))
    teacher = FrozenTeacher(BlockCNN(2, 1, 3, (4, 8)), ["block1"])
    network = MedTexNet(explainer, BlockCNN(2, 1, 3, (2, 4)), teacher, ["block1"], (1, 16, 16)).eval()
    x = torch.rand(2, 1, 16, 16)
    output = network(x, distill=True)
    assert torch.allclose(output["theta_classes"], explainer.classes(x))
    assert output["theta"].equal(output["theta_classes"].amax(dim=1, keepdim=True))
    assert output["logits"].equal(network.deployable()(x))
    output["theta_classes"][:, 1].sum().backward()
    assert explainer.score.bias.grad[1] > 0
    assert explainer.score.bias.grad[[0, 2]].tolist() == [0, 0]


def test_under_autocast_a_score_near_one_can_still_fall():
    """In bfloat16 the sigmoid of 8 is 1, and ``log(1 - 1)`` has no gradient."""
    explainer = ClassExplainer(2, 1, 3, (4, 8))
    torch.nn.init.constant_(explainer.score.bias, 8.0)
    teacher = FrozenTeacher(BlockCNN(2, 1, 3, (4, 8)))
    network = MedTexNet(explainer, BlockCNN(2, 1, 3, (2, 4)), teacher, [], (1, 16, 16))
    with torch.autocast("cpu", torch.bfloat16):
        scores = network(torch.rand(2, 1, 16, 16), distill=True)["theta_classes"]
    assert scores.dtype == torch.float32
    ClassEvidenceLoss()(scores, torch.zeros_like(scores)).backward()
    assert (explainer.score.bias.grad > 0).all()


def test_one_score_leaves_no_further_key():
    teacher = FrozenTeacher(BlockCNN(2, 1, 3, (4, 8)))
    network = MedTexNet(Explainer(2, 1, 1, (4, 8)), BlockCNN(2, 1, 3, (2, 4)), teacher, [], (1, 16, 16))
    assert set(network(torch.rand(2, 1, 16, 16), distill=True)) == {"logits", "theta", "mu", "variance"}
