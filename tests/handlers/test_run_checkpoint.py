# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch
from ignite.engine import Events
from monai.engines import SupervisedEvaluator
from monai.handlers import IgniteMetricHandler, ValidationHandler, from_engine
from monai.transforms import RandFlipd

from monai_medtex.handlers import BestModel, DistillationOutput, EpochLog, EpochSeed, LossTerms, RunCheckpoint
from monai_medtex.metrics import PredictiveKL
from monai_medtex.utils import InputError


class KilledError(Exception):
    """Stands for whatever ends a process."""


@pytest.fixture
def start(medtex, train, given_scores):
    """Build everything anew, as a new process does, and run it in a folder; return what is left of it."""

    def run(folder, epochs, seed, interval=1, killed_in=None, scores=None):
        parts = medtex(seed, RandFlipd("image", prob=0.5, spatial_axis=0))
        transform = from_engine(["pred", "teacher_pred"])
        metric = given_scores(scores) if scores else IgniteMetricHandler(PredictiveKL(), output_transform=transform)
        parts.evaluator = SupervisedEvaluator(
            device=torch.device("cpu"),
            val_data_loader=parts.val_loader,
            network=parts.network,
            inferer=parts.inferer,
            key_val_metric={"predictive_kl": metric},
            metric_cmp_fn=lambda new, best: new < best,
            val_handlers=[DistillationOutput()],
            decollate=False,
        )
        parts.log = EpochLog(folder / "metrics.csv", "student", [], parts.evaluator)
        objects = {"network": parts.network, "optimizer": parts.optimizer, "epochs": parts.log}
        handlers = [
            EpochSeed(0, parts.loader),
            LossTerms(parts.loss),
            DistillationOutput(),
            ValidationHandler(interval, parts.evaluator),
            BestModel(parts.network.deployable(), folder / "model.pt", parts.evaluator),
            parts.log,
            RunCheckpoint(folder / "checkpoint.pt", objects, parts.evaluator),
        ]
        parts.trainer = train(parts, handlers, epochs)
        if killed_in:

            def kill(engine) -> None:
                if engine.state.epoch == killed_in:
                    raise KilledError

            parts.trainer.add_event_handler(Events.ITERATION_COMPLETED, kill)
            with pytest.raises(KilledError):
                parts.trainer.run()
        else:
            parts.trainer.run()
        return parts

    return run


def without_seconds(rows) -> list[dict]:
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


def assert_same(found, expected) -> None:
    torch.testing.assert_close(found.network.state_dict(), expected.network.state_dict(), rtol=0, atol=0)
    torch.testing.assert_close(found.optimizer.state_dict(), expected.optimizer.state_dict(), rtol=0, atol=0)
    assert without_seconds(found.log.rows) == without_seconds(expected.log.rows)
    for name in ("best_metric", "best_metric_epoch"):
        assert getattr(found.evaluator.state, name) == getattr(expected.evaluator.state, name)
    for name in ("epoch", "iteration", "max_epochs"):
        assert getattr(found.trainer.state, name) == getattr(expected.trainer.state, name)


@pytest.mark.parametrize("interval", [1, 2])
@pytest.mark.parametrize("killed_in", [None, 3])
def test_a_run_that_is_resumed_ends_like_one_that_was_never_stopped(tmp_path, start, interval, killed_in):
    expected = start(tmp_path / "one", 4, seed=0, interval=interval)
    start(tmp_path / "two", 4 if killed_in else 2, seed=0, interval=interval, killed_in=killed_in)
    found = start(tmp_path / "two", 4, seed=1, interval=interval)  # another seed: nothing is left to chance
    assert_same(found, expected)
    for name in ("model.pt", "checkpoint.pt"):
        contents = [torch.load(tmp_path / run / name, weights_only=True) for run in ("one", "two")]
        for content in contents:
            content["epochs"] = without_seconds(content.pop("epochs", {"rows": []})["rows"])
        torch.testing.assert_close(*contents, rtol=0, atol=0)
    assert (tmp_path / "one" / "model.pt").read_bytes() == (tmp_path / "two" / "model.pt").read_bytes()


def test_a_run_is_resumed_where_it_stopped(tmp_path, start):
    start(tmp_path, 4, seed=0, killed_in=3)
    found = start(tmp_path, 4, seed=0)
    assert [row["epoch"] for row in found.log.rows] == [1, 2, 3, 4]
    assert found.trainer.state.iteration == 4 * 2  # two batches in an epoch


def test_a_resumed_run_does_not_replace_a_better_model(tmp_path, start):
    scores = [0.1, 0.9, 0.8, 0.7]  # the first epoch is the best
    start(tmp_path, 2, seed=0, scores=scores)
    best = (tmp_path / "model.pt").read_bytes()
    found = start(tmp_path, 4, seed=0, scores=scores)
    assert (tmp_path / "model.pt").read_bytes() == best
    assert (found.evaluator.state.best_metric, found.evaluator.state.best_metric_epoch) == (0.1, 1)


def test_a_resumed_run_replaces_a_worse_model(tmp_path, start):
    scores = [0.5, 0.9, 0.8, 0.2]
    start(tmp_path, 2, seed=0, scores=scores)
    found = start(tmp_path, 4, seed=0, scores=scores)
    saved = torch.load(tmp_path / "model.pt", weights_only=True)
    torch.testing.assert_close(saved, dict(found.network.deployable().state_dict()), rtol=0, atol=0)
    assert (found.evaluator.state.best_metric, found.evaluator.state.best_metric_epoch) == (0.2, 4)


def test_a_run_that_is_over_trains_no_further(tmp_path, start):
    start(tmp_path, 2, seed=0)
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    found = start(tmp_path, 2, seed=1)
    assert found.trainer.state.epoch == 2
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == files


def test_a_broken_checkpoint_is_refused_in_one_line(tmp_path, start):
    (tmp_path / "checkpoint.pt").write_text("broken")
    with pytest.raises(InputError, match=r"^resume: .*checkpoint\.pt is broken"):
        start(tmp_path, 2, seed=0)


def test_without_validation_there_is_no_score(tmp_path, medtex, train):
    parts = medtex()
    objects = {"network": parts.network}
    train(parts, [RunCheckpoint(tmp_path / "checkpoint.pt", objects)]).run()
    checkpoint = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert set(checkpoint) == {"network", "epoch"}
    again = medtex(seed=1)
    engine = train(again, [RunCheckpoint(tmp_path / "checkpoint.pt", {"network": again.network})])
    engine.run()
    assert engine.state.epoch == 1
    torch.testing.assert_close(again.network.state_dict(), parts.network.state_dict(), rtol=0, atol=0)


def test_other_processes_write_nothing(tmp_path, medtex, train, monkeypatch):
    monkeypatch.setattr("monai_medtex.handlers.run_checkpoint.idist.get_rank", lambda: 1)
    parts = medtex()
    train(parts, [RunCheckpoint(tmp_path / "checkpoint.pt", {"network": parts.network})]).run()
    assert list(tmp_path.iterdir()) == []
