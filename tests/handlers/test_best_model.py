# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch
from ignite.engine import Events
from monai.engines import SupervisedEvaluator, SupervisedTrainer
from monai.handlers import ValidationHandler
from torch import nn

from monai_medtex.handlers import BestModel

CPU = torch.device("cpu")
DATA = [{"image": torch.ones(1, 1), "label": torch.ones(1, 1)}]


def run(path, scores, epochs, interval=1, lower_is_better=False) -> list[float]:
    """Train a network whose weight is the number of the epoch, and return the weight in the file after each epoch."""
    network, saved = nn.Linear(1, 1, bias=False), []
    evaluator = None
    handlers = []
    if scores is not None:
        evaluator = SupervisedEvaluator(
            device=CPU,
            val_data_loader=DATA,
            network=network,
            key_val_metric={"score": scores},
            metric_cmp_fn=(lambda new, best: new < best) if lower_is_better else (lambda new, best: new > best),
            decollate=False,
        )
        handlers = [ValidationHandler(interval, evaluator)]
    trainer = SupervisedTrainer(
        device=CPU,
        max_epochs=epochs,
        train_data_loader=DATA,
        network=network,
        optimizer=torch.optim.SGD(network.parameters(), lr=0.0),
        loss_function=nn.L1Loss(),
        train_handlers=[*handlers, BestModel(network, path, evaluator)],
        decollate=False,
    )

    @trainer.on(Events.EPOCH_STARTED)
    def count() -> None:
        nn.init.constant_(network.weight, trainer.state.epoch)

    @trainer.on(Events.EPOCH_COMPLETED)
    def read() -> None:
        saved.append(torch.load(path, weights_only=True)["weight"].item())

    trainer.run()
    return saved


@pytest.mark.parametrize(
    ("scores", "lower_is_better", "expected"),
    [
        ([0.5, 0.9, 0.2, 0.9], False, [1, 2, 2, 2]),
        ([0.5, 0.9, 0.2, 0.3], True, [1, 1, 3, 3]),
        ([-3.0, -2.0], False, [1, 2]),  # below MONAI's initial best score of -1
        ([3.0, 2.0], True, [1, 2]),
    ],
)
def test_the_best_is_kept_and_not_the_last(tmp_path, given_scores, scores, lower_is_better, expected):
    metric = given_scores(scores)
    assert run(tmp_path / "model.pt", metric, len(scores), lower_is_better=lower_is_better) == expected


def test_between_validations_nothing_is_saved(tmp_path, given_scores):
    assert run(tmp_path / "model.pt", given_scores([0.0, 0.1, 0.0, 0.2]), 5, interval=2) == [1, 2, 2, 4, 4]


def test_a_run_too_short_for_a_validation_leaves_its_last_model(tmp_path, given_scores):
    assert run(tmp_path / "model.pt", given_scores([]), 2, interval=3) == [1, 2]


def test_without_validation_the_last_is_kept(tmp_path):
    assert run(tmp_path / "model.pt", None, 3) == [1, 2, 3]


def test_the_file_is_a_bare_state_dict(tmp_path):
    run(tmp_path / "model.pt", None, 1)
    restored = nn.Linear(1, 1, bias=False)
    restored.load_state_dict(torch.load(tmp_path / "model.pt", weights_only=True))
    assert restored.weight.item() == 1
    assert [path.name for path in tmp_path.iterdir()] == ["model.pt"]
