# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import csv
import logging
import re

import pytest
import torch
from ignite.engine import Engine, Events

from monai_medtex.handlers import EpochLog


def run(path, figures, val_figures=(), epochs=None, **options) -> EpochLog:
    """Run an engine whose metrics are given for each epoch; ``val_figures`` has None where nothing is validated."""
    trainer, evaluator = (Engine(lambda engine, batch: None) for _ in range(2))

    @trainer.on(Events.EPOCH_COMPLETED)
    def set_metrics() -> None:
        trainer.state.metrics = figures[trainer.state.epoch - 1]
        validated = val_figures[trainer.state.epoch - 1] if val_figures else None
        if validated is not None:
            evaluator.state.epoch = trainer.state.epoch
            evaluator.state.metrics = validated

    options = {"title": "student", "shown": ["loss", "val_score"]} | options
    log = EpochLog(path, evaluator=evaluator if val_figures else None, **options)
    log.attach(trainer)
    trainer.run([0], max_epochs=epochs or len(figures))
    return log


def rows(path) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_every_epoch_has_a_row(tmp_path):
    log = run(tmp_path / "new" / "metrics.csv", [{"loss": 2.5}, {"loss": 1.25}], [{"score": 0.5}, {"score": 0.75}])
    found = rows(tmp_path / "new" / "metrics.csv")
    assert [list(row) for row in found] == [["epoch", "loss", "val_score", "seconds"]] * 2
    assert [(row["epoch"], row["loss"], row["val_score"]) for row in found] == [
        ("1", "2.5", "0.5"),
        ("2", "1.25", "0.75"),
    ]
    assert all(float(row["seconds"]) >= 0 for row in found)
    assert [{name: str(value) for name, value in row.items()} for row in log.rows] == found


def test_an_epoch_without_validation_has_no_figures_of_it(tmp_path):
    run(tmp_path / "metrics.csv", [{"loss": 1.0}] * 4, [None, {"score": 0.5}, None, {"score": 0.75}])
    assert [row["val_score"] for row in rows(tmp_path / "metrics.csv")] == ["", "0.5", "", "0.75"]


def test_only_numbers_are_written(tmp_path):
    run(tmp_path / "metrics.csv", [{"loss": 1, "table": {"a": 1.0}, "vector": torch.ones(2), "name": "x"}])
    assert list(rows(tmp_path / "metrics.csv")[0]) == ["epoch", "loss", "seconds"]


def test_a_figure_that_comes_later_makes_a_column(tmp_path):
    run(tmp_path / "metrics.csv", [{"loss": 1.0}, {"loss": 1.0, "bound": 3.0}])
    assert [row["bound"] for row in rows(tmp_path / "metrics.csv")] == ["", "3.0"]


def test_every_epoch_has_a_line(tmp_path, caplog):
    with caplog.at_level(logging.INFO, "monai_medtex"):
        run(tmp_path / "m.csv", [{"loss": 2.5}, {"loss": 1.25}], [{"score": float("nan")}, {"score": 0.75}], epochs=2)
    first, second = caplog.messages
    assert re.fullmatch(
        r"student: epoch 1/2  loss 2\.5000  \(\d+\.\d s, \d+ s left\)", first
    )  # what is NaN is left out
    assert re.fullmatch(r"student: epoch 2/2  loss 1\.2500  val_score 0\.7500  \(\d+\.\d s, 0 s left\)", second)


def test_the_time_left_is_that_of_the_epochs_to_come(tmp_path, caplog, monkeypatch):
    clock = iter([0, 10, 10, 30, 30, 60])  # epochs of 10, 20 and 30 s
    monkeypatch.setattr("monai_medtex.handlers.epoch_log.time.perf_counter", lambda: next(clock))

    def stop(engine: Engine) -> None:
        engine.terminate()

    trainer = Engine(lambda engine, batch: None)
    EpochLog(tmp_path / "m.csv", "student", []).attach(trainer)
    trainer.add_event_handler(Events.EPOCH_COMPLETED(once=3), stop)
    with caplog.at_level(logging.INFO, "monai_medtex"):
        trainer.run([0], max_epochs=10)
    ends = [message.split("(")[1] for message in caplog.messages]
    assert ends == ["10.0 s, 90 s left)", "20.0 s, 120 s left)", "30.0 s, 140 s left)"]  # 9 * 10, 8 * 15, 7 * 20


def test_its_state_goes_into_a_checkpoint(tmp_path):
    old = run(tmp_path / "old.csv", [{"loss": 2.5}, {"loss": 1.25}])
    torch.save(old.state_dict(), tmp_path / "state.pt")
    new = EpochLog(tmp_path / "new.csv", "student", [])
    new.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    assert new.rows == old.rows
    new.load_state_dict(old.state_dict())
    engine = Engine(lambda engine, batch: None)
    new.attach(engine)
    engine.run([0], max_epochs=1)
    assert [row["loss"] for row in rows(tmp_path / "new.csv")] == ["2.5", "1.25", ""]
    assert len(old.rows) == 2


@pytest.mark.parametrize("rank", [1, 2])
def test_other_processes_write_nothing(tmp_path, monkeypatch, caplog, rank):
    monkeypatch.setattr("monai_medtex.handlers.epoch_log.idist.get_rank", lambda: rank)
    with caplog.at_level(logging.INFO, "monai_medtex"):
        log = run(tmp_path / "metrics.csv", [{"loss": 1.0}])
    assert len(log.rows) == 1
    assert not (tmp_path / "metrics.csv").exists()
    assert caplog.messages == []
