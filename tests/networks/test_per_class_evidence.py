# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch
from torch import nn

from monai_medtex.losses import ClassEvidenceLoss
from monai_medtex.networks import AbnormalEvidence, BlockCNN, ClassEvidence, FrozenTeacher, PerClassEvidence
from monai_medtex.utils import InputError


class Detectors(nn.Module):
    """Label l is the mean of the l-th channel, plus a bias."""

    def __init__(self, bias: list[float]):
        super().__init__()
        self.features = nn.Identity()
        self.bias = nn.Parameter(torch.tensor(bias))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.features(x).flatten(2).mean(dim=2) + self.bias


def spots() -> torch.Tensor:
    """An image with a bright pixel in each of two channels."""
    x = torch.zeros(1, 2, 4, 4)
    x[0, 0, 1, 2] = 8
    x[0, 1, 3, 0] = 8
    return x


def test_each_label_has_its_own_channels_evidence_times_its_probability():
    """The share of a place is its channel's value over 16, so after scaling it is 1 at the spot and 0 elsewhere."""
    evidence = PerClassEvidence(FrozenTeacher(Detectors([3.0, -1.0])), ["features"], activation="sigmoid")
    logits, _, maps = evidence.tap(spots())
    assert logits.tolist() == [[3.5, -0.5]]
    assert torch.allclose(maps, spots() / 8 * torch.tensor([3.5, -0.5]).sigmoid().view(1, 2, 1, 1))


@pytest.mark.parametrize(
    ("evidence", "activation"),
    [(ClassEvidence, "sigmoid"), (PerClassEvidence, "sigmod"), (AbnormalEvidence, "sigmoid")],
)
def test_an_activation_that_does_not_fit_is_refused(evidence, activation):
    with pytest.raises(InputError, match=f"activation of {evidence.__name__} must be .* but is '{activation}'"):
        evidence(FrozenTeacher(Detectors([0.0, 1.0])), ["features"], activation=activation)


def test_of_two_classes_the_log_odds_count():
    """They are the difference of the logits, so each class has its own spot, and the other's counts against it."""
    logits, _, maps = PerClassEvidence(FrozenTeacher(Detectors([0.0, 1.0])), ["features"]).tap(spots())
    assert torch.allclose(maps, spots() / 8 * logits.softmax(dim=1).view(1, 2, 1, 1))


@pytest.mark.parametrize("spatial_dims", [2, 3])
def test_the_answers_map_is_that_of_class_evidence(spatial_dims):
    torch.manual_seed(0)
    teacher = FrozenTeacher(BlockCNN(spatial_dims, 1, 3, (4, 8)), ["block1"])
    x = torch.rand(2, 1, *[16] * spatial_dims)
    logits, taught, alone = ClassEvidence(teacher, ["block1", "block2"], 0.1, 2.0).tap(x)
    same, taught_too, maps = PerClassEvidence(teacher, ["block1", "block2"], 0.1, 2.0).tap(x)
    assert same.equal(logits)
    assert taught_too[0].equal(taught[0])
    confidence, answer = logits.softmax(dim=1).max(dim=1)
    for image in range(2):
        assert torch.allclose(maps[image, answer[image]], alone[image, 0] * confidence[image], atol=1e-5)


def test_of_what_is_not_normal_the_largest_counts_and_fades_with_its_probability():
    """The second class has its spot, times its probability, whatever the answer is."""
    for bias in (-4.0, 4.0):
        logits, _, maps = AbnormalEvidence(FrozenTeacher(Detectors([0.0, bias])), ["features"]).tap(spots())
        assert torch.allclose(maps, spots()[:, 1:] / 8 * logits.softmax(dim=1)[0, 1])
    teacher = FrozenTeacher(BlockCNN(2, 1, 3, (4, 8)), ["block1"])
    x = torch.rand(2, 1, 16, 16)
    _, _, each = PerClassEvidence(teacher, ["block2"]).tap(x)
    _, _, found = AbnormalEvidence(teacher, ["block2"]).tap(x)
    assert found.equal(torch.maximum(each[:, 1:2], each[:, 2:]))


@pytest.mark.parametrize("kind", [ClassEvidence, PerClassEvidence, AbnormalEvidence])
def test_without_a_layer_there_is_no_evidence(kind):
    with pytest.raises(InputError, match="must name a layer"):
        kind(FrozenTeacher(Detectors([0.0, 0.0])), [])


def test_the_loss_is_the_mean_over_classes():
    theta, evidence = torch.rand(2, 3, 4, 4, requires_grad=True), torch.rand(2, 3, 4, 4)
    loss = ClassEvidenceLoss()(theta, evidence)
    expected = -(evidence * theta.log() + (1 - evidence) * (1 - theta).log()).mean()
    torch.testing.assert_close(loss, expected)
    finer = ClassEvidenceLoss()(theta, evidence.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3))
    torch.testing.assert_close(finer, expected)
