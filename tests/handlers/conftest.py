# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace

import pytest
import torch
from ignite.engine import Engine, Events
from ignite.metrics import Metric
from monai.data import DataLoader, Dataset
from monai.engines import SupervisedEvaluator, SupervisedTrainer
from torch import nn

from monai_medtex.handlers import DistillationOutput
from monai_medtex.inferers import DistillationInferer
from monai_medtex.losses import DistillationLoss
from monai_medtex.networks import BlockCNN, Explainer, FrozenTeacher, MedTexNet

CPU = torch.device("cpu")
LAYERS = ("block1", "block2")
GIVEN = ("logits", "teacher_logits", "theta")


def _evaluate(items: Sequence[dict], handlers: Sequence, batch_size: int = 2, decollate: bool = False, epochs: int = 1):
    """Run an evaluator whose networks' outputs are given, per image, by ``items``."""

    def inferer(inputs: torch.Tensor, network: nn.Module) -> dict:  # noqa: ARG001
        return {key: evaluator.state.batch[key] for key in GIVEN if key in evaluator.state.batch}

    evaluator = SupervisedEvaluator(
        device=CPU,
        val_data_loader=DataLoader(Dataset(items), batch_size=batch_size),
        network=nn.Identity(),
        inferer=inferer,
        val_handlers=[DistillationOutput(), *handlers],
        decollate=decollate,
    )
    for epoch in range(1, epochs + 1):
        evaluator.run(epoch)
    return evaluator


@pytest.fixture
def evaluate() -> Callable:
    return _evaluate


@pytest.fixture
def given() -> Callable:
    """Make an image with what the networks say of it."""

    def make(size=(8, 8), channels: int = 3, **values) -> dict:
        item = {
            "image": torch.rand(channels, *size),
            "label": 1,
            "mask": torch.zeros(1, *size),
            "path": "image.png",
            "logits": torch.tensor([0.0, 1.0]),
            "teacher_logits": torch.tensor([0.0, 2.0]),
            "theta": torch.rand(1, *size),
        }
        return item | values

    return make


class _Scores(Metric):
    """Gives the score of an epoch, whatever ran before."""

    def __init__(self, scores: Sequence[float]) -> None:
        super().__init__(lambda output: (0, 0))
        self.scores = scores

    def attach(self, engine: Engine, *args) -> None:
        self.engine = engine
        super().attach(engine, *args)

    def reset(self) -> None: ...

    def update(self, output) -> None: ...

    def compute(self) -> float:
        return self.scores[self.engine.state.epoch - 1]


@pytest.fixture
def given_scores() -> type[Metric]:
    return _Scores


@pytest.fixture
def medtex() -> Callable:
    """Make small networks, their data, and the engines that train and evaluate them."""

    def make(seed: int = 0, transform: Callable | None = None, amp: bool = False, **keys) -> SimpleNamespace:
        torch.manual_seed(seed)
        teacher = FrozenTeacher(BlockCNN(2, 3, 2, (4, 8)), LAYERS)
        teacher.load_state_dict(_TEACHER_STATE)
        network = MedTexNet(Explainer(2, 3, channels=(2, 3)), BlockCNN(2, 3, 2, (2, 3)), teacher, LAYERS, (3, 16, 16))
        generator = torch.Generator().manual_seed(1)
        items = [{"image": torch.rand(3, 16, 16, generator=generator), "label": n % 2} | keys for n in range(6)]
        parts = SimpleNamespace(teacher=teacher, network=network, inferer=DistillationInferer(teacher, amp))
        parts.loader = DataLoader(Dataset(items, transform), batch_size=4, shuffle=True)
        parts.val_loader = DataLoader(Dataset(items), batch_size=4)
        parts.loss = DistillationLoss(LAYERS)
        parts.optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
        return parts

    return make


@pytest.fixture
def train() -> Callable:
    def make(parts: SimpleNamespace, handlers: Sequence, epochs: int = 1, decollate: bool = False) -> SupervisedTrainer:
        return SupervisedTrainer(
            device=CPU,
            max_epochs=epochs,
            train_data_loader=parts.loader,
            network=parts.network,
            optimizer=parts.optimizer,
            loss_function=parts.loss,
            inferer=parts.inferer,
            train_handlers=handlers,
            decollate=decollate,
        )

    return make


@pytest.fixture
def watch() -> Callable:
    """Train, and note the network's weights before the first epoch, and them and what ``ask`` says after each."""

    def run(trainer: SupervisedTrainer, ask: Callable, start: int = 0) -> tuple[list[dict[str, torch.Tensor]], list]:
        def weights() -> dict[str, torch.Tensor]:
            return {name: tensor.clone() for name, tensor in trainer.network.state_dict().items()}

        states, said = [weights()], []
        trainer.add_event_handler(Events.EPOCH_COMPLETED, lambda _: states.append(weights()))
        trainer.add_event_handler(Events.EPOCH_COMPLETED, lambda _: said.append(ask()))
        if start:
            trainer.state.epoch = start
        trainer.run()
        return states, said

    return run


@pytest.fixture
def changed() -> Callable:
    """Name the weights of a part that differ."""

    def names(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor], part: str) -> set[str]:
        return {name for name in before if name.startswith(part) and not torch.equal(before[name], after[name])}

    return names


def _teacher_state() -> dict[str, torch.Tensor]:
    with torch.random.fork_rng():
        torch.manual_seed(7)
        return FrozenTeacher(BlockCNN(2, 3, 2, (4, 8))).state_dict()


_TEACHER_STATE = _teacher_state()
