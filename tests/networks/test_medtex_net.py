# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch
from monai.networks.nets import DenseNet, resnet10
from torch import nn

from monai_medtex.inferers import DistillationInferer
from monai_medtex.losses import DistillationLoss
from monai_medtex.networks import (
    BlockCNN,
    ConstantExplainer,
    Explainer,
    FrozenTeacher,
    MeanBaseline,
    MedTexNet,
    RandomSymmetry,
)
from monai_medtex.utils import InputError


def medtex_net(
    teacher_layers=("block1", "block2"), student_layers=("block1", "block2"), size=(16, 16)
) -> tuple[MedTexNet, FrozenTeacher]:
    dims = len(size)
    teacher = FrozenTeacher(BlockCNN(dims, 3, 2, (4, 8, 6)), teacher_layers)
    explainer, student = Explainer(dims, 3, channels=(2, 3)), BlockCNN(dims, 3, 2, (2, 3))
    return MedTexNet(explainer, student, teacher, student_layers, (3, *size)), teacher


def student_features(network: MedTexNet, x: torch.Tensor) -> dict[str, torch.Tensor]:
    first = network.student.block1(network.explainer(x) * x)
    return {"block1": first, "block2": network.student.block2(first)}


def backward_through_everything(network: MedTexNet, teacher: FrozenTeacher, x: torch.Tensor) -> dict:
    output = DistillationInferer(teacher)(x, network)
    DistillationLoss(teacher.layers)(output, None).backward()
    return output


@pytest.mark.parametrize("size", [(16, 16), (16, 12, 16)])
def test_the_output_holds_what_the_losses_need(size):
    network, x = medtex_net(size=size)[0].eval(), torch.rand(2, 3, *size)
    output = network(x, distill=True)
    features = student_features(network, x)
    assert set(output) == {"logits", "theta", "mu", "variance"}
    assert torch.equal(output["logits"], network(x))
    assert torch.equal(output["theta"], network.explainer(x))
    for head, mu, variance, name in zip(
        network.heads, output["mu"], output["variance"], ("block1", "block2"), strict=True
    ):
        assert torch.equal(mu, head.mean(features[name]))
        assert torch.equal(variance, head.variance)


def test_another_view_gives_its_theta_beside_what_the_image_gives():
    """The transferred layer is that of the image, not of its other view."""
    teacher = FrozenTeacher(BlockCNN(2, 3, 2, (4,)), ["block1"])
    explainer, student = Explainer(2, 3, channels=(2, 3)), BlockCNN(2, 3, 2, (2,))
    network = MedTexNet(explainer, student, teacher, ["explainer.downs.0"], (3, 16, 12), other_view=RandomSymmetry())
    x = torch.rand(2, 3, 16, 12)
    output = network.eval()(x, distill=True)
    mirrored = [explainer(x.flip(axes)).flip(axes) for axes in ([2], [3], [2, 3])]
    assert any(torch.allclose(output["other_theta"], theta) for theta in mirrored)
    assert not any(torch.allclose(output["theta"], theta) for theta in mirrored)
    assert torch.equal(output["mu"][0], network.heads[0].mean(explainer.downs[0](explainer.stem(x))))


def test_pairs_may_differ_in_depth_size_and_order():
    network, teacher = medtex_net(("block3", "block1", "block2"), ("block1", "block2", "block1"))
    network.eval()
    x = torch.rand(2, 3, 16, 16)
    features = student_features(network, x)
    output = network(x, distill=True)
    for head, mu, name in zip(network.heads, output["mu"], ("block1", "block2", "block1"), strict=True):
        assert torch.equal(mu, head.mean(features[name]))
    # channels of the teacher's layer, pixels of the student's
    assert [tuple(mu.shape[1:]) for mu in output["mu"]] == [(6, 8, 8), (4, 4, 4), (8, 8, 8)]
    assert [len(variance) for variance in output["variance"]] == [6, 4, 8]
    maps = backward_through_everything(network, teacher, x)["teacher_maps"]
    assert [tuple(taught.shape[1:]) for taught in maps] == [(6, 2, 2), (4, 8, 8), (8, 4, 4)]
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters())


def test_every_parameter_gets_a_gradient():
    network, teacher = medtex_net()
    backward_through_everything(network, teacher, torch.rand(2, 3, 16, 16))
    assert [name for name, parameter in network.named_parameters() if not parameter.grad.abs().sum() > 0] == []


def test_the_transfer_alone_teaches_student_and_explainer():
    network, _ = medtex_net()
    sum(mu.square().sum() for mu in network(torch.rand(2, 3, 16, 16), distill=True)["mu"]).backward()
    learnt = {name for name, parameter in network.named_parameters() if parameter.grad is not None}
    assert {name.split(".")[0] for name in learnt} == {"explainer", "student", "heads"}
    assert not any(name.startswith("student.fc") for name in learnt)


def test_without_pairs_there_are_no_heads():
    network, teacher = medtex_net((), ())
    output = backward_through_everything(network, teacher, torch.rand(2, 3, 16, 16))
    assert output["mu"] == output["variance"] == output["teacher_maps"] == []
    assert list(network.state_dict()) == list(network.deployable().state_dict())
    assert network.explainer.score.weight.grad.abs().sum() > 0


def test_the_teacher_is_no_part_of_it():
    network, teacher = medtex_net()
    assert {name.split(".")[0] for name in network.state_dict()} == {"explainer", "student", "heads"}
    assert not {id(module) for module in network.modules()} & {id(module) for module in teacher.modules()}
    assert not {id(own) for own in network.parameters()} & {id(other) for other in teacher.parameters()}


def test_building_it_leaves_the_student_as_it_was():
    teacher = FrozenTeacher(BlockCNN(2, 3, 2, (4,)), ["block1"])
    student = BlockCNN(2, 3, 2, (2,))
    statistics = {name: buffer.clone() for name, buffer in student.named_buffers()}
    MedTexNet(Explainer(2, 3, channels=(2, 3)), student, teacher, ["block1"], (3, 8, 8))
    assert student.training
    assert all(torch.equal(buffer, statistics[name]) for name, buffer in student.named_buffers())
    assert not any(module._forward_hooks for module in student.modules())


def test_networks_of_monai_can_teach_and_learn():
    torch.manual_seed(0)
    teacher_network = resnet10(spatial_dims=2, n_input_channels=3, num_classes=3, widen_factor=1 / 8)
    teacher = FrozenTeacher(teacher_network, ["layer1", "layer3.0.bn1"])
    student = DenseNet(2, 3, 3, init_features=4, growth_rate=2, block_config=(1, 1))
    layers = ["features.norm0", "features"]
    network = MedTexNet(Explainer(2, 3, 3, (2, 3)), student, teacher, layers, (3, 32, 32))
    output = backward_through_everything(network, teacher, torch.rand(2, 3, 32, 32))
    assert [mu.shape[1] for mu in output["mu"]] == [8, 32]
    without = [name for name, parameter in network.named_parameters() if parameter.grad is None]
    assert without == []


@pytest.mark.parametrize("student_layers", [(), ("block1",), ("block1", "block2", "block2")])
def test_layers_that_do_not_pair_are_refused(student_layers):
    with pytest.raises(ValueError, match=r"student_layers must pair with \('block1', 'block2'\) but is"):
        medtex_net(student_layers=student_layers)


def test_a_layer_the_student_lacks_is_named():
    with pytest.raises(InputError, match=r"^student_layers names 'block3', which BlockCNN lacks; it has: block1, "):
        medtex_net(student_layers=("block1", "block3"))


def test_a_forward_pass_leaves_no_hooks():
    network, _ = medtex_net()
    network(torch.rand(2, 3, 16, 16), distill=True)
    assert not any(module._forward_hooks for module in network.modules())


def test_a_layer_of_the_explainer_can_learn_from_the_teacher_too():
    network, teacher = medtex_net(("block1", "block1"), ("block1", "explainer.downs.0"))
    output = backward_through_everything(network, teacher, torch.rand(2, 3, 16, 16))
    assert [tuple(mu.shape[1:]) for mu in output["mu"]] == [(4, 8, 8), (4, 8, 8)]
    with pytest.raises(InputError, match="student_layers names 'downs.7', which Explainer lacks"):
        medtex_net(("block1",), ("explainer.downs.7",))


class Halved(nn.Module):
    def forward(self, theta: torch.Tensor) -> torch.Tensor:
        return theta / 2 if self.training else theta


class Squared(nn.Module):
    def forward(self, theta: torch.Tensor) -> torch.Tensor:
        return theta.square() if self.training else theta


def test_in_training_the_student_is_shown_what_sampling_and_predictor_mode_make_of_theta():
    teacher = FrozenTeacher(BlockCNN(2, 3, 2, (4, 8)))
    explainer, student = Explainer(2, 3, channels=(2, 3)), nn.Flatten()
    network = MedTexNet(explainer, student, teacher, (), (3, 8, 8), MeanBaseline(), Halved(), Squared())
    x = torch.rand(2, 3, 8, 8)
    output = network(x, distill=True)
    removed, shown = x.mean(dim=(2, 3), keepdim=True), (output["theta"] / 2).square()
    torch.testing.assert_close(output["logits"], (shown * x + (1 - shown) * removed).flatten(1))
    network.eval()
    torch.testing.assert_close(network(x, distill=True)["logits"], network(x))
    assert network.deployable().baseline is network.baseline


def test_networks_may_lie_on_a_device_when_they_are_paired():
    """The device meta stands for any that is not the CPU."""
    teacher = FrozenTeacher(BlockCNN(2, 3, 2).to("meta"), ["block4"])
    explainer, student = Explainer(2, 3).to("meta"), BlockCNN(2, 3, 2, (2, 4, 8, 16)).to("meta")
    network = MedTexNet(explainer, student, teacher, ["block4"], (3, 32, 32))
    assert len(network.heads) == 1


def test_the_deployed_pair_has_the_power_of_the_mask():
    network = MedTexNet(ConstantExplainer(), nn.Flatten(), FrozenTeacher(nn.Flatten()), (), (3, 8, 8), mask_power=0.5)
    assert network.deployable().mask_power == 0.5
