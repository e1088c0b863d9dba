# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch
from monai.data import DataLoader, Dataset
from monai.engines import SupervisedTrainer
from monai.networks.nets import DenseNet121, resnet10
from torch import nn

from monai_medtex.inferers import DistillationInferer
from monai_medtex.losses import DistillationLoss
from monai_medtex.networks import BlockCNN, Explainer, FrozenTeacher, MedTexNet
from monai_medtex.utils import InputError


class Wrapper(nn.Module):
    """Somebody's module that holds the teacher, contrary to the advice."""

    def __init__(self, teacher: FrozenTeacher, network: nn.Module) -> None:
        super().__init__()
        self.teacher = teacher
        self.network = network

    def forward(self, *args, **kwargs):
        return self.network(*args, **kwargs)


def set_training(module: nn.Module) -> None:
    module.train()


def copied(module: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def same(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor]) -> bool:
    return before.keys() == after.keys() and all(torch.equal(before[name], after[name]) for name in before)


def small_teacher(layers: tuple[str, ...] = ()) -> FrozenTeacher:
    network = nn.Sequential(BlockCNN(2, 3, 4, (4, 8)), nn.Dropout(0.5), nn.Linear(4, 2))
    return FrozenTeacher(network, layers)


@pytest.mark.parametrize(
    "disturb",
    [
        lambda teacher: teacher.train(),
        lambda teacher: teacher.train(True),
        lambda teacher: teacher.apply(set_training),
        lambda teacher: nn.Sequential(teacher).train(),
        lambda teacher: nn.ModuleDict({"teacher": teacher}).apply(set_training),
        lambda teacher: teacher.network.train(),
        lambda teacher: teacher.network[0].block1.train(),
    ],
    ids=["train", "train(True)", "apply", "parent.train", "parent.apply", "network.train", "layer.train"],
)
def test_whatever_sets_the_mode_it_runs_in_eval_mode(disturb):
    teacher, x = small_teacher(("0.block1",)), torch.rand(4, 3, 8, 8) + 3
    expected, before = teacher.network.eval()(x), copied(teacher)
    disturb(teacher)
    assert torch.equal(teacher(x), expected)
    assert torch.equal(teacher.tap(x)[0], expected)
    assert same(before, teacher.state_dict())
    assert not any(module.training for module in teacher.modules())


def test_train_returns_the_teacher_in_eval_mode():
    teacher = small_teacher()
    assert teacher.train() is teacher
    assert not teacher.training


def test_it_has_no_gradients():
    teacher = small_teacher(("0.block1",))
    logits, (features,) = teacher.tap(torch.rand(2, 3, 8, 8, requires_grad=True))
    assert not logits.requires_grad
    assert not features.requires_grad
    assert not any(parameter.requires_grad for parameter in teacher.parameters())


@pytest.mark.parametrize("wrapped", [False, True])
def test_it_is_the_same_bit_by_bit_after_training_against_it(wrapped):
    torch.manual_seed(0)
    layers = ("block1", "block2")
    teacher = FrozenTeacher(BlockCNN(2, 3, 2, (4, 8)), layers)
    net = MedTexNet(Explainer(2, 3, channels=(2, 3)), BlockCNN(2, 3, 2, (2, 3)), teacher, layers, (3, 16, 16))
    network = Wrapper(teacher, net) if wrapped else net
    teacher_before, net_before = copied(teacher), copied(net)
    data = Dataset([{"image": torch.rand(3, 16, 16), "label": 0} for _ in range(6)])
    trainer = SupervisedTrainer(
        device=torch.device("cpu"),
        max_epochs=2,
        train_data_loader=DataLoader(data, batch_size=3),
        network=network,
        optimizer=torch.optim.Adam(network.parameters(), lr=0.01),
        loss_function=DistillationLoss(layers),
        inferer=DistillationInferer(teacher),
        decollate=False,
    )
    trainer.run()
    assert trainer.state.iteration == 4
    assert same(teacher_before, teacher.state_dict())
    assert all(parameter.grad is None for parameter in teacher.parameters())
    unchanged = [name for name, before in net_before.items() if torch.equal(before, net.state_dict()[name])]
    assert unchanged == []


def test_taps_come_in_the_order_of_the_layers():
    teacher, x = small_teacher(("2", "0.block2", "0.block1.0")), torch.rand(2, 3, 8, 8)
    logits, (last, second, first) = teacher.tap(x)
    network = teacher.network[0]
    assert torch.equal(last, logits)
    assert torch.equal(second, network.block2(network.block1(x)))
    assert torch.equal(first, network.block1[0](x))


def test_a_resnet_of_monai_is_tapped_before_its_in_place_relu():
    network = resnet10(spatial_dims=2, n_input_channels=3, num_classes=2, widen_factor=1 / 16)
    teacher, x = FrozenTeacher(network, ["bn1", "layer3.0.conv1"]), torch.rand(2, 3, 32, 32)
    _, (normalised, convolved) = teacher.tap(x)
    expected = network.bn1(network.conv1(x))
    assert expected.min() < 0
    assert torch.equal(normalised, expected)
    before = network.layer2(network.layer1(network.maxpool(expected.relu())))
    assert torch.equal(convolved, network.layer3[0].conv1(before))


def test_a_densenet_of_monai_is_tapped_before_its_in_place_relu():
    network = DenseNet121(spatial_dims=2, in_channels=3, out_channels=2, init_features=8, growth_rate=4)
    teacher, x = FrozenTeacher(network, ["features.norm0", "features", "features.norm5"]), torch.rand(2, 3, 32, 32)
    _, (first, features, last) = teacher.tap(x)
    assert torch.equal(first, network.features.norm0(network.features.conv0(x)))
    expected = network.features(x)  # what follows is class_layers.relu, in place
    assert expected.min() < 0
    assert torch.equal(features, expected)
    assert torch.equal(last, expected)


def test_an_unknown_layer_is_named_beside_those_there_are():
    with pytest.raises(InputError, match=r"^teacher layers names 'layer9', which BlockCNN .* has: block1, .*, fc$"):
        FrozenTeacher(BlockCNN(2, 3, 2, (4,)), ["layer9"])
