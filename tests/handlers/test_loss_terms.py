# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math
import re

import pytest
import torch
from monai.data import DataLoader, Dataset
from monai.engines import SupervisedTrainer
from torch import nn

from monai_medtex.handlers import DistillationOutput, LossTerms
from monai_medtex.utils import TrainingError

# Ten images in batches of 4, 4 and 2; each has one value, and a batch's terms are means of functions of the values.
VALUES = [float(value) for value in range(1, 11)]


class Terms(nn.Module):
    """The mean and the mean square, and a bound of the first, of a batch's values."""

    def forward(self, predicted, target):
        total = predicted.mean() + predicted.square().mean()
        self.terms = {"mean": predicted.mean().detach(), "square": predicted.square().mean().detach()}
        self.bounds = {"mean": -predicted.mean().detach()}
        return total


def trainer(values, loss, epochs=1, handlers=()) -> SupervisedTrainer:
    network = nn.Linear(1, 1, bias=False)
    nn.init.ones_(network.weight)
    items = [{"image": torch.tensor([value]), "label": torch.zeros(1)} for value in values]
    return SupervisedTrainer(
        device=torch.device("cpu"),
        max_epochs=epochs,
        train_data_loader=DataLoader(Dataset(items), batch_size=4),
        network=network,
        optimizer=torch.optim.SGD(network.parameters(), lr=0.0),
        loss_function=loss,
        train_handlers=[LossTerms(loss), *handlers],
        decollate=False,
    )


@pytest.mark.parametrize("epochs", [1, 3])
def test_an_epochs_mean_counts_every_image_once(epochs):
    engine = trainer(VALUES, Terms(), epochs)
    engine.add_event_handler("EPOCH_STARTED", lambda: nn.init.constant_(engine.network.weight, engine.state.epoch))
    engine.run()
    mean = sum(epochs * value for value in VALUES) / 10  # of the last epoch
    square = sum((epochs * value) ** 2 for value in VALUES) / 10
    assert engine.state.metrics == pytest.approx(
        {"loss": mean + square, "loss_mean": mean, "loss_square": square, "bound_mean": -mean}
    )


def test_an_iterations_terms_stand_in_the_output():
    engine = trainer(VALUES, Terms())
    engine.run()
    output = engine.state.output  # of the values 9 and 10
    assert (output["loss_mean"].item(), output["loss_square"].item()) == pytest.approx((9.5, (81 + 100) / 2))
    assert output["loss"].item() == pytest.approx(9.5 + 90.5)


def test_a_loss_without_terms_is_logged_alone():
    engine = trainer(VALUES, nn.L1Loss())
    engine.run()  # the targets are 0
    assert engine.state.metrics == pytest.approx({"loss": sum(VALUES) / 10})


def test_with_the_distillation_loss(medtex, train):
    parts, seen = medtex(), []
    engine = train(parts, [LossTerms(parts.loss), DistillationOutput()])
    engine.add_event_handler("LOSS_COMPLETED", lambda: seen.append({**parts.loss.terms}))
    engine.add_event_handler("LOSS_COMPLETED", lambda: seen[-1].update(total=engine.state.output["loss"].detach()))
    engine.run()
    four, two = ({name: value.item() for name, value in terms.items()} for terms in seen)
    expected = {name: (4 * four[name] + 2 * two[name]) / 6 for name in four}
    found = engine.state.metrics
    assert found["loss"] == pytest.approx(expected.pop("total"))
    assert {name: found[f"loss_{name}"] for name in expected} == pytest.approx(expected)
    assert list(expected) == ["prediction", "transfer_block1", "transfer_block2"]
    assert {name for name in found if name.startswith("bound_")} == {f"bound_{name}" for name in expected}
    assert found["bound_prediction"] == pytest.approx(-expected["prediction"])


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_training_stops_at_a_loss_that_is_not_finite(broken):
    values = VALUES[:5] + [broken] + VALUES[6:]  # in the second batch
    with pytest.raises(TrainingError) as caught:
        trainer(values, Terms(), epochs=2).run()
    message = str(caught.value)
    assert message.startswith(f"the loss is {broken} in epoch 1, iteration 2: ")
    assert re.search(rf"'loss_mean': {broken}, 'loss_square': {broken}", message)
    assert "\n" not in message


def test_only_the_terms_that_are_not_finite_are_named():
    with pytest.raises(TrainingError, match=r"the loss is inf in epoch 1, iteration 1: \{'loss_square': inf\}$"):
        trainer([1e30, 1.0], Terms()).run()  # whose square float32 can't hold


def test_weights_that_overflow_are_named():
    class Heavy(Terms):
        def forward(self, predicted, target):
            return super().forward(predicted, target) * 1e38

    with pytest.raises(TrainingError, match="every term is finite, so their weights overflow"):
        trainer(VALUES, Heavy()).run()


def test_no_step_is_taken_on_a_loss_that_is_not_finite():
    engine = trainer([math.nan], Terms())
    with pytest.raises(TrainingError):
        engine.run()
    assert engine.network.weight.item() == 1
    assert engine.network.weight.grad is None
