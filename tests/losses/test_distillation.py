# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import Categorical, Normal

from monai_medtex.losses import DistillationLoss, KnowledgeDistillationLoss

LAYERS = ("block1", "block3")


def random_output(pairs: int = 2) -> dict:
    """What the inferer gives: a teacher's layer as large as the student's, and one of half its size."""
    generator = torch.Generator().manual_seed(0)

    def random(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    shapes = [(2, 3, 4, 4), (2, 5, 2, 2)][:pairs]
    return {
        "logits": random(2, 3).requires_grad_(),
        "teacher_logits": random(2, 3),
        "mu": [random(2, shape[1], 4, 4).requires_grad_() for shape in shapes],
        "variance": [(random(shape[1]).square() + 0.1).requires_grad_() for shape in shapes],
        "teacher_maps": [random(*shape) for shape in shapes],
    }


def log_likelihoods(output: dict) -> list[float]:
    """Of an image's layers under the Gaussian of eq. 5."""
    result = []
    for mu, variance, taught in zip(output["mu"], output["variance"], output["teacher_maps"], strict=True):
        factor = mu.shape[-1] // taught.shape[-1]
        mean = torch.nn.functional.avg_pool2d(mu, factor)
        result.append(Normal(mean, variance.sqrt().view(1, -1, 1, 1)).log_prob(taught).sum().item() / len(taught))
    return result


def cross_entropy(output: dict) -> float:
    taught, learnt = Categorical(logits=output["teacher_logits"]), Categorical(logits=output["logits"])
    return -(taught.probs * learnt.logits).sum(dim=1).mean().item()


def transfer(bound: float, elements: int, reduction: str) -> float:
    loss = -bound - elements * math.log(2 * math.pi) / 2
    return loss if reduction == "sum" else loss / elements


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("weight", [0.01, 0.5])
def test_is_the_weighted_sum_of_its_terms(reduction, weight):
    output, loss = random_output(), DistillationLoss(LAYERS, weight, reduction=reduction)
    bounds = log_likelihoods(output)
    transfers = [
        transfer(bound, elements, reduction) for bound, elements in zip(bounds, (3 * 4 * 4, 5 * 2 * 2), strict=True)
    ]
    total = loss(output)
    assert total.item() == pytest.approx(cross_entropy(output) + weight * sum(transfers))
    assert list(loss.terms) == ["prediction", "transfer_block1", "transfer_block3"]
    assert [term.item() for term in loss.terms.values()] == pytest.approx([cross_entropy(output), *transfers])
    assert list(loss.bounds) == list(loss.terms)
    assert [bound.item() for bound in loss.bounds.values()] == pytest.approx([-cross_entropy(output), *bounds])


def test_what_is_logged_holds_no_graph():
    loss = DistillationLoss(LAYERS)
    assert loss(random_output()).requires_grad
    assert not any(value.requires_grad for value in (*loss.terms.values(), *loss.bounds.values()))


def test_gradients_reach_all_that_is_learnt():
    output = random_output()
    DistillationLoss(LAYERS)(output).backward()
    assert all(tensor.grad.abs().sum() > 0 for tensor in (output["logits"], *output["mu"], *output["variance"]))


def test_a_weight_of_0_leaves_the_prediction_loss():
    output, loss = random_output(), DistillationLoss(LAYERS, 0)
    total = loss(output)
    total.backward()
    assert total.item() == pytest.approx(cross_entropy(output))
    assert all(mu.grad.abs().sum() == 0 for mu in output["mu"])
    assert len(loss.terms) == 3


def test_without_pairs_there_is_the_prediction_loss():
    output, loss = random_output(pairs=0), DistillationLoss()
    assert loss(output).item() == pytest.approx(cross_entropy(output))
    assert list(loss.terms) == list(loss.bounds) == ["prediction"]


def test_labels_play_no_part():
    output, loss = random_output(), DistillationLoss(LAYERS)
    assert loss(output, torch.tensor([0, 1])) == loss(output, torch.tensor([1, 1])) == loss(output)


def test_another_prediction_loss_takes_the_place_of_eq_2():
    output = random_output(pairs=0)
    expected = KnowledgeDistillationLoss(2)(output["logits"], output["teacher_logits"])
    assert DistillationLoss(prediction_loss=KnowledgeDistillationLoss(2))(output) == expected


def test_a_negative_weight_is_refused():
    with pytest.raises(ValueError, match=r"lambda_vid must not be negative but is -0\.1"):
        DistillationLoss(LAYERS, -0.1)


def test_as_many_layers_as_maps_are_needed():
    with pytest.raises(ValueError, match="argument 2 is longer"):
        DistillationLoss(("block1",))(random_output())


def test_a_layer_that_two_learn_from_has_two_terms():
    output = random_output()
    output |= {name: [output[name][0]] * 2 for name in ("mu", "variance", "teacher_maps")}
    loss = DistillationLoss(("block1", "block1"), 0.5)
    total = loss(output).item()
    assert set(loss.terms) == {"prediction", "transfer_block1", "transfer_block1_2"}
    assert set(loss.bounds) == set(loss.terms)
    transfers = loss.terms["transfer_block1"] + loss.terms["transfer_block1_2"]
    assert total == pytest.approx((loss.terms["prediction"] + 0.5 * transfers).item())


def test_the_default_weight_of_the_transfer_is_the_papers():
    """Teacher 0, student 2, variance 1: (0 + 4 / 2) per element."""
    given = {
        "logits": torch.zeros(1, 2),
        "teacher_logits": torch.zeros(1, 2),
        "mu": [torch.full((1, 1, 2, 2), 2.0)],
        "variance": [torch.ones(1)],
        "teacher_maps": [torch.zeros(1, 1, 2, 2)],
        "theta": torch.ones(1, 1, 2, 2),
    }
    assert DistillationLoss(["block1"])(given).item() == pytest.approx(math.log(2) + 0.01 * 2)
