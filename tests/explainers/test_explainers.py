# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from monai.data import MetaTensor
from torch import nn

from monai_medtex.explainers import (
    CentrePrior,
    ExplainsImages,
    GradCAMMap,
    GradCAMppMap,
    IntegratedGradientsMap,
    MeanMaskPrior,
    OcclusionMap,
    RandomMap,
    RawIntensity,
    RISEMap,
    SmoothGradMap,
)
from monai_medtex.metrics import topk_mask
from monai_medtex.networks import BlockCNN, FrozenTeacher

MAPS: dict[str, Callable[[nn.Module], ExplainsImages]] = {
    "GradCAM": lambda network: GradCAMMap(network, "block2"),
    "GradCAM++": lambda network: GradCAMppMap(network, "block2"),
    "IG": lambda network: IntegratedGradientsMap(network, steps=4, batch_size=8),
    "SmoothGrad": lambda network: SmoothGradMap(network, samples=3),
    "Occlusion": lambda network: OcclusionMap(network, patch=1 / 4, batch_size=20),
    "RISE": lambda network: RISEMap(network, masks=20, grid=4, batch_size=8),
}
PRIORS: dict[str, Callable[[nn.Module], ExplainsImages]] = {
    "Random": lambda _: RandomMap(),
    "Centre": lambda _: CentrePrior(),
    "MeanMask": lambda _: MeanMaskPrior(torch.ones(2, 1, 8, 8)),
    "Raw": lambda _: RawIntensity(),
}
every_map = pytest.mark.parametrize("method", MAPS.values(), ids=MAPS.keys())
every_explainer = pytest.mark.parametrize("method", (MAPS | PRIORS).values(), ids=(MAPS | PRIORS).keys())


def random_images(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def images() -> torch.Tensor:
    return random_images(4, 3, 20, 24)


@pytest.fixture
def network(images: torch.Tensor) -> nn.Module:
    """A small random classifier that gives two of the four images each class."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = BlockCNN(2, 3, 2, channels=(4, 8)).eval()
    with torch.no_grad():
        logits = network(images)
        network.fc.bias[0] -= (logits[:, 0] - logits[:, 1]).sort().values[1:3].mean()
    assert network(images).argmax(1).sum() == 2
    return network


@every_explainer
def test_returns_detached_plain_scores_of_the_images_size(method, network, images):
    with torch.no_grad():
        theta = method(network).explain(MetaTensor(images))
    assert theta.shape == (4, 1, 20, 24)
    assert theta.dtype == torch.float32
    assert not theta.requires_grad
    assert type(theta) is torch.Tensor
    assert theta.isfinite().all()


@every_explainer
def test_a_batch_equals_its_images_one_by_one_though_their_classes_differ(method, network, images):
    explainer = method(network)
    one_by_one = torch.cat([explainer.explain(image[None]) for image in images])
    torch.testing.assert_close(explainer.explain(images), one_by_one, rtol=1e-3, atol=1e-6)


@every_map
def test_leaves_the_network_the_images_and_the_random_state_as_they_were(method, network, images):
    network.train()
    network.block1.eval()
    network.block1[0].bias.requires_grad_(False)
    network.fc.weight.grad = torch.ones_like(network.fc.weight)
    modes = [module.training for module in network.modules()]
    wants = [parameter.requires_grad for parameter in network.parameters()]
    state = {name: value.clone() for name, value in network.state_dict().items()}
    given, random_state = images.clone(), torch.get_rng_state()

    method(network).explain(images)

    assert [module.training for module in network.modules()] == modes
    assert [parameter.requires_grad for parameter in network.parameters()] == wants
    assert all(torch.equal(network.state_dict()[name], value) for name, value in state.items())
    assert torch.equal(network.fc.weight.grad, torch.ones_like(network.fc.weight))
    assert network.block2[0].weight.grad is None
    assert not any(module._forward_hooks or module._backward_hooks for module in network.modules())
    assert torch.equal(images, given)
    assert not images.requires_grad
    assert torch.equal(torch.get_rng_state(), random_state)


@every_map
def test_frozen_network_and_inference_mode_make_no_difference(method, network, images):
    expected = method(network).explain(images)
    with torch.inference_mode():
        torch.testing.assert_close(method(FrozenTeacher(network)).explain(images.clone()), expected)


@every_map
def test_explains_the_weights_of_the_moment(method, network, images):
    explainer = method(network)
    with torch.no_grad():
        network.fc.weight.zero_()
        network.fc.bias.copy_(torch.tensor([0.0, 1.0]))
    assert explainer.explain(images).abs().max() < 1e-6


@pytest.mark.parametrize(
    "method",
    [*(MAPS | PRIORS | {"MeanMask": lambda _: MeanMaskPrior(torch.ones(2, 1, 8, 8, 8))}).values()],
    ids=[*(MAPS | PRIORS)],
)
def test_volumes(method):
    theta = method(BlockCNN(3, 1, 2, channels=(2, 4)).eval()).explain(random_images(1, 1, 8, 12, 16))
    assert theta.shape == (1, 1, 8, 12, 16)


@pytest.mark.parametrize("turned", [False, True], ids=["class 1", "class 0"])
@pytest.mark.parametrize(
    ("method", "overlap"),
    [
        (GradCAMMap, 1.0),
        (GradCAMppMap, 1.0),
        (IntegratedGradientsMap, 1.0),
        (SmoothGradMap, 0.95),
        (OcclusionMap, 0.8),
        (RISEMap, 0.6),
        (lambda _: RawIntensity(), 1.0),
    ],
    ids=["GradCAM", "GradCAM++", "IG", "SmoothGrad", "Occlusion", "RISE", "Raw"],
)
def test_the_quadrant_that_makes_the_class_scores_highest(method, overlap, turned, detector, bright_quadrant, quadrant):
    if turned:
        with torch.no_grad():
            detector.fc.weight.neg_()
            detector.fc.bias.neg_()
    assert detector(bright_quadrant).argmax(1).item() == (not turned)
    theta = method(detector).explain(bright_quadrant)
    chosen = topk_mask(theta, int(quadrant.sum()))
    assert (chosen & quadrant).sum() / (chosen | quadrant).sum() >= overlap
    assert theta[quadrant].mean() > theta[~quadrant].mean()


@pytest.mark.parametrize("method", [OcclusionMap, RISEMap])
def test_a_saturated_probability_still_ranks_the_pixels(method, sure_detector, bright_quadrant, quadrant):
    logits = sure_detector(bright_quadrant)
    assert logits.softmax(1).max() == 1.0
    theta = method(sure_detector).explain(bright_quadrant)
    assert theta[quadrant].mean() > theta[~quadrant].mean()
