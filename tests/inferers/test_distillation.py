# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import platform
from pathlib import Path

import pytest
import torch
from monai.data import MetaTensor
from torch import nn

from monai_medtex.inferers import DistillationInferer, ExplanationInferer, has_fast_bfloat16
from monai_medtex.losses import DistillationLoss
from monai_medtex.networks import (
    BlockCNN,
    ClassEvidence,
    ExplainedClassifier,
    Explainer,
    FrozenTeacher,
    MedTexNet,
    TeacherInLoop,
)

LAYERS = ("block1", "block2")


class Recorder(nn.Module):
    """Notes what the network it wraps is given, and under which precision."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.seen = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.seen.append((type(x), torch.is_autocast_enabled("cpu"), torch.get_autocast_dtype("cpu")))
        return self.network(x)


def networks(size=(16, 16)) -> tuple[MedTexNet, FrozenTeacher]:
    torch.manual_seed(0)
    dims = len(size)
    teacher = FrozenTeacher(BlockCNN(dims, 3, 2, (4, 8)), LAYERS)
    explainer, student = Explainer(dims, 3, channels=(2, 3)), BlockCNN(dims, 3, 2, (2, 3))
    return MedTexNet(explainer, student, teacher, LAYERS, (3, *size)).eval(), teacher


def assert_same(found: dict, expected: dict) -> None:
    torch.testing.assert_close(found, expected)
    tensors = [*found["teacher_maps"], *found["mu"], found["logits"], found["theta"], found["teacher_logits"]]
    assert {type(tensor) for tensor in tensors} == {torch.Tensor}


@pytest.mark.parametrize("size", [(16, 16), (16, 12, 8)])
@pytest.mark.parametrize("meta", [False, True])
def test_the_output_is_that_of_teacher_and_network(size, meta):
    (network, teacher), x = networks(size), torch.rand(2, 3, *size)
    logits, maps = teacher.tap(x)
    expected = {**network(x, distill=True), "teacher_logits": logits, "teacher_maps": maps}
    found = DistillationInferer(teacher)(MetaTensor(x) if meta else x, network)
    assert set(found) == {"logits", "theta", "mu", "variance", "teacher_logits", "teacher_maps"}
    assert_same(found, expected)


def test_evidence_and_views_of_the_teacher_come_with_the_rest():
    (network, teacher), x = networks(), torch.rand(2, 3, 16, 16)
    plain = DistillationInferer(teacher)(x, network)
    evidence, loop = ClassEvidence(teacher, ["block2"]), TeacherInLoop(teacher)
    found = DistillationInferer(teacher, evidence=evidence, teacher_in_loop=loop)(x, network)
    assert_same({name: found.pop(name) for name in plain}, plain)
    expected = {"evidence": evidence.tap(x)[2], **loop(x, plain["theta"])}
    torch.testing.assert_close(found, expected)


def test_further_arguments_go_to_the_network():
    def network(x, *args, **kwargs):
        return {"args": args, "kwargs": kwargs}

    output = DistillationInferer(networks()[1])(torch.rand(1, 3, 8, 8), network, 1, more=2)
    assert output["args"] == (1,)
    assert output["kwargs"] == {"distill": True, "more": 2}


@pytest.mark.parametrize("amp", [False, True])
def test_both_networks_run_under_autocast_and_the_losses_do_not(amp):
    network, teacher = networks()
    teacher.network, network.student = Recorder(teacher.network), Recorder(network.student)
    teacher.layers = network.student_layers = ("network.block1", "network.block2")
    x = MetaTensor(torch.rand(2, 3, 16, 16))
    output = DistillationInferer(teacher, amp)(x, network)
    for recorder in (teacher.network, network.student):
        ((kind, enabled, dtype),) = recorder.seen
        assert kind is torch.Tensor
        assert enabled == amp
        assert not amp or dtype == torch.bfloat16
    expected = torch.bfloat16 if amp else torch.float32
    assert {output[key].dtype for key in ("logits", "teacher_logits")} == {expected}
    assert output["theta"].dtype == torch.float32
    assert {tensor.dtype for key in ("mu", "teacher_maps") for tensor in output[key]} == {expected}
    assert {variance.dtype for variance in output["variance"]} == {torch.float32}
    assert not torch.is_autocast_enabled("cpu")
    loss = DistillationLoss(LAYERS)
    loss(output).backward()
    assert {term.dtype for term in loss.terms.values()} == {torch.float32}
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters())


def test_autocast_changes_little():
    network, teacher = networks()
    x = torch.rand(2, 3, 16, 16)
    exact, fast = (DistillationInferer(teacher, amp)(x, network) for amp in (False, True))
    torch.testing.assert_close(fast["theta"].float(), exact["theta"], rtol=0, atol=0.05)
    torch.testing.assert_close(fast["teacher_logits"].float(), exact["teacher_logits"], rtol=0.05, atol=0.05)


@pytest.mark.parametrize("size", [(16, 16), (17, 9), (8, 9, 10)])
@pytest.mark.parametrize("meta", [False, True])
def test_explanation_is_that_of_the_network(size, meta):
    dims, x = len(size), torch.rand(2, 3, *size)
    network = ExplainedClassifier(Explainer(dims, 3, 3, (2, 3)), BlockCNN(dims, 3, 2, (2, 3))).eval()
    output = ExplanationInferer()(MetaTensor(x) if meta else x, network)
    assert set(output) == {"logits", "theta"}
    torch.testing.assert_close(output["logits"], network(x))
    torch.testing.assert_close(output["theta"], network.explain(x))
    assert {type(tensor) for tensor in output.values()} == {torch.Tensor}


@pytest.mark.parametrize(("amp", "dtype"), [(False, torch.float32), (True, torch.bfloat16)])
def test_explanation_under_autocast(amp, dtype):
    output = ExplanationInferer(amp)(torch.rand(2, 3, 16, 16), networks()[0].deployable())
    assert {name: tensor.dtype for name, tensor in output.items()} == {"logits": dtype, "theta": torch.float32}


@pytest.mark.skipif(platform.machine() != "x86_64" or not Path("/proc/cpuinfo").exists(), reason="needs /proc/cpuinfo")
def test_fast_bfloat16_is_what_the_processor_says():
    flags = Path("/proc/cpuinfo").read_text().split()
    assert has_fast_bfloat16("cpu") == ("avx512_bf16" in flags or "amx_tile" in flags)
    assert has_fast_bfloat16(torch.device("cpu")) == has_fast_bfloat16("cpu")


def test_the_gradient_of_what_the_teacher_says_of_theta_reaches_the_explainer():
    frozen = FrozenTeacher(BlockCNN(2, 3, 2, (4, 8)))
    network = MedTexNet(Explainer(2, 3, channels=(2, 3)), BlockCNN(2, 3, 2, (2, 3)), frozen, (), (3, 16, 16))
    output = DistillationInferer(frozen, teacher_in_loop=TeacherInLoop(frozen))(torch.rand(2, 3, 16, 16), network)
    output["deleted_logits"][:, 0].sum().backward()
    assert network.explainer.score.weight.grad.abs().sum() > 0
    assert network.student.fc.weight.grad is None
