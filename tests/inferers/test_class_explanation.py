# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch

from monai_medtex.inferers import ClassExplanationInferer
from monai_medtex.inferers.class_explanation import map_of_answer
from monai_medtex.networks import BlockCNN, ClassExplainer, ExplainedClassifier, Explainer
from monai_medtex.utils import InputError

NAMES = ["effusion", "mass", "nodule"]


@pytest.fixture
def network() -> ExplainedClassifier:
    torch.manual_seed(0)
    return ExplainedClassifier(ClassExplainer(2, 1, 3, (4, 8)), BlockCNN(2, 1, 3, (2, 4))).eval()


def test_the_map_of_the_answer():
    maps = torch.rand(2, 3, 4, 4)
    logits = torch.tensor([[3.0, 1.0, 2.0], [-3.0, -1.0, -2.0]])
    found = map_of_answer(maps, logits)
    assert found[0, 0].equal(maps[0, 0])
    assert found[1, 0].equal(maps[1, 1])


def test_the_highest_score_of_all_labels_that_hold_or_of_the_most_probable():
    maps = torch.rand(3, 3, 4, 4)
    logits = torch.tensor([[3.0, -1.0, 2.0], [-3.0, -1.0, -2.0], [-1.0, 1.0, -1.0]])
    found = map_of_answer(maps, logits, "sigmoid")
    assert found[0, 0].equal(torch.maximum(maps[0, 0], maps[0, 2]))
    assert found[1, 0].equal(maps[1, 1])
    assert found[2, 0].equal(maps[2, 1])


@pytest.mark.parametrize("why", [None, "mass"])
def test_the_logits_are_those_of_the_network_whatever_is_asked(network, why):
    x = torch.rand(4, 1, 16, 16)
    output = ClassExplanationInferer(NAMES, why)(x, network)
    assert torch.allclose(output["logits"], network(x), atol=1e-6)
    maps = network.explainer.classes(x)
    answers = network(x).argmax(dim=1) if why is None else torch.full((4,), 1)
    expected = torch.stack([maps[image, answer] for image, answer in enumerate(answers.tolist())])
    assert torch.allclose(output["theta"][:, 0], expected)


def test_unknown_names_and_other_explainers_are_named(network):
    with pytest.raises(InputError, match="why must be one of effusion, mass, nodule but is 'oedema'"):
        ClassExplanationInferer(NAMES, "oedema")
    network.explainer = Explainer(2, 1, 1, (4, 8))
    with pytest.raises(InputError, match="Explainer has no scores for each class"):
        ClassExplanationInferer(NAMES)(torch.rand(1, 1, 16, 16), network)


def test_of_several_labels_that_hold_the_highest_score_counts(network):
    torch.nn.init.constant_(network.student.fc.bias, 9.0)
    x = torch.rand(2, 1, 16, 16)
    output = ClassExplanationInferer(NAMES, activation="sigmoid")(x, network)
    assert torch.allclose(output["theta"], network.explainer(x))
