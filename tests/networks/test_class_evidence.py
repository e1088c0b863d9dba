# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch
from torch import nn

from monai_medtex.networks import BlockCNN, ClassEvidence, FrozenTeacher
from monai_medtex.networks.class_evidence import log_odds, smooth_evidence
from monai_medtex.utils import InputError


def teacher(size=(16, 16), classes=2, layers=("block1",)) -> FrozenTeacher:
    torch.manual_seed(0)
    network = BlockCNN(len(size), 3, classes, (4, 8))
    with torch.no_grad():
        network(torch.rand(8, 3, *size))  # moves the running statistics off their start
    return FrozenTeacher(network, layers)


def test_log_odds_are_those_of_the_probability():
    logits = torch.randn(5, 4, dtype=torch.float64)
    classes = torch.tensor([0, 3, 1, 2, 0])
    p = logits.softmax(dim=1)[torch.arange(5), classes]
    torch.testing.assert_close(log_odds(logits, classes), (p / (1 - p)).log())


def test_log_odds_of_two_classes_are_the_difference_of_the_logits():
    torch.testing.assert_close(
        log_odds(torch.tensor([[1.0, 3.0], [2.0, -5.0]]), torch.tensor([1, 0])), torch.tensor([2.0, 7.0])
    )


def test_fused_maps_are_the_geometric_mean_at_the_finest_resolution():
    fine = torch.tensor([[[[2.0, 8.0], [-3.0, 4.0]]]])
    coarse = torch.full((1, 1, 1, 1), 5.0)
    expected = torch.tensor([[[[0.25, 1.0], [0.0, 0.5]]]]).sqrt()
    torch.testing.assert_close(smooth_evidence([coarse, fine]), expected)
    torch.testing.assert_close(smooth_evidence([fine]), expected.square())


def test_power_tells_the_peak_from_the_rest():
    x = torch.tensor([[[[2.0, 8.0]]]])
    torch.testing.assert_close(smooth_evidence([x], power=2.0), torch.tensor([[[[1 / 16, 1.0]]]]))


def test_smoothing_spreads_a_peak_by_a_gaussian_of_that_share_of_the_side():
    peak = torch.zeros(1, 1, 33, 33)
    peak[..., 16, 16] = 7
    smooth = smooth_evidence([peak], smoothing=3 / 33)
    squares = torch.cartesian_prod(*2 * [torch.arange(33.0) - 16]).square().sum(dim=1).view(33, 33)
    torch.testing.assert_close(smooth[0, 0], torch.exp(-squares / 18), rtol=0, atol=0.02)


def test_no_positive_evidence_gives_zeros():
    assert not smooth_evidence([-torch.rand(2, 1, 4, 4), torch.rand(2, 1, 2, 2)]).any()


@pytest.mark.parametrize("size", [(16, 16), (16, 8, 8)])
def test_the_last_layer_of_a_linear_classifier_shares_out_the_logit(size):
    frozen, x = teacher(size), torch.rand(3, 3, *size)
    logits = frozen(x)
    own = logits.argmax(dim=1)
    bias = frozen.network.fc.bias
    shares = raw_evidence(frozen, x, "block2").flatten(1).sum(dim=1)
    torch.testing.assert_close(shares + bias[own] - bias[1 - own], log_odds(logits, own))


def raw_evidence(frozen: FrozenTeacher, x: torch.Tensor, layer: str) -> torch.Tensor:
    """By autograd alone, with the whole graph."""
    seen = {}
    handle = frozen.network.get_submodule(layer).register_forward_hook(lambda _m, _i, output: seen.update(a=output))
    logits = frozen.network(x.clone().requires_grad_())
    handle.remove()
    (gradient,) = torch.autograd.grad(log_odds(logits, logits.argmax(dim=1)).sum(), seen["a"])
    return (seen["a"] * gradient).detach().sum(dim=1, keepdim=True)


@pytest.mark.parametrize("layers", [("block1",), ("block2", "block1"), ("block2",)])
@pytest.mark.parametrize("classes", [2, 3])
def test_evidence_is_activation_times_gradient(layers, classes):
    frozen, x = teacher(classes=classes), torch.rand(3, 3, 16, 16)
    _, _, evidence = ClassEvidence(frozen, layers).tap(x)
    torch.testing.assert_close(evidence, smooth_evidence([raw_evidence(frozen, x, layer) for layer in layers]))
    assert evidence.shape == (3, 1, *((8, 8) if "block1" in layers else (4, 4)))
    assert evidence.any()


def test_an_image_has_the_same_evidence_in_any_batch():
    frozen, x = teacher(classes=3), torch.rand(4, 3, 16, 16)
    evidence = ClassEvidence(frozen, ["block1", "block2"])
    alone = torch.cat([evidence.tap(image[None])[2] for image in x])
    torch.testing.assert_close(evidence.tap(x)[2], alone)


@pytest.mark.parametrize("tapped", [(), ("block1",), ("block1", "block2")])
def test_it_taps_what_the_teacher_taps(tapped):
    frozen, x = teacher(layers=tapped), torch.rand(2, 3, 16, 16)
    logits, maps = frozen.tap(x)
    with torch.no_grad():
        found = ClassEvidence(frozen, ["block1"]).tap(x)
    torch.testing.assert_close(found[:2], (logits, maps))
    assert not any(tensor.requires_grad for tensor in (found[0], *found[1], found[2]))


def test_the_teacher_stays_as_it_is():
    frozen = teacher()
    before = {name: tensor.clone() for name, tensor in frozen.state_dict().items()}
    ClassEvidence(frozen, ["block1", "block2"]).tap(torch.rand(2, 3, 16, 16))
    torch.testing.assert_close(dict(frozen.state_dict()), before, rtol=0, atol=0)
    assert all(parameter.grad is None for parameter in frozen.parameters())
    assert not frozen.network.block1._forward_hooks


def test_an_activation_in_place_after_the_layer_is_no_trouble():
    network = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 2)
    )
    _, _, evidence = ClassEvidence(FrozenTeacher(network), ["0"]).tap(torch.rand(2, 1, 8, 8))
    assert evidence.shape == (2, 1, 6, 6)


def test_a_layer_that_is_not_there_is_refused():
    with pytest.raises(InputError, match="evidence layers names 'block9'"):
        ClassEvidence(teacher(), ["block9"])


@pytest.mark.parametrize(
    ("arguments", "said"), [({"smoothing": -1}, "smoothing must not"), ({"power": 0}, "power must")]
)
def test_settings_out_of_range_are_refused(arguments, said):
    with pytest.raises(InputError, match=said):
        ClassEvidence(teacher(), ["block1"], **arguments)


def test_evidence_runs_the_teacher_in_eval_mode_whatever_sets_the_mode():
    frozen, x = teacher(), torch.rand(4, 3, 16, 16) + 3
    evidence = ClassEvidence(frozen, ["block1"])
    expected, before = evidence.tap(x), {name: tensor.clone() for name, tensor in frozen.state_dict().items()}
    frozen.network.train()
    torch.testing.assert_close(evidence.tap(x), expected)
    torch.testing.assert_close(dict(frozen.state_dict()), before, rtol=0, atol=0)


def test_smoothing_is_a_share_of_the_longest_side():
    peak = torch.zeros(1, 1, 33, 9)
    peak[..., 16, 4] = 7
    smooth = smooth_evidence([peak], smoothing=2 / 33)[0, 0, 12:21, 4]
    torch.testing.assert_close(smooth, torch.exp(-(torch.arange(9.0) - 4).square() / 8), rtol=0, atol=0.02)


def test_fused_maps_reach_1_although_their_peaks_differ():
    fused = smooth_evidence([torch.tensor([[[[8.0, 2.0]]]]), torch.tensor([[[[2.0, 8.0]]]])])
    torch.testing.assert_close(fused, torch.ones(1, 1, 1, 2))


def test_evidence_is_summed_in_single_precision_under_autocast():
    frozen, x = teacher(), torch.rand(2, 3, 16, 16)
    with torch.autocast("cpu", torch.bfloat16):
        assert ClassEvidence(frozen, ["block1"]).tap(x)[2].dtype == torch.float32
