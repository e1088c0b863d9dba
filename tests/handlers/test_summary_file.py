# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json
import logging

from ignite.engine import Engine, Events

from monai_medtex.handlers import SummaryFile


def run(folder, metrics, shown=("agreement_accuracy", "label_accuracy", "absent"), about=None) -> None:
    engine = Engine(lambda engine, batch: None)
    engine.add_event_handler(Events.EPOCH_COMPLETED, lambda: engine.state.metrics.update(metrics))
    SummaryFile(folder, shown, about or {}).attach(engine)
    engine.run([0])


METRICS = {
    "agreement_accuracy": 0.87654321,
    "label_accuracy": float("nan"),
    "label_count": 0,
    "lesion_images": 3,
    "table": {"agreement_accuracy": 0.8},
}


def test_the_files_hold_the_figures_that_are_known(tmp_path):
    run(tmp_path / "new", METRICS, about={"images": 7})
    summary = json.loads((tmp_path / "new" / "summary.json").read_text())
    assert summary == {
        "metrics": {"agreement_accuracy": 0.87654321, "label_count": 0, "lesion_images": 3},
        "left_out": ["no image has a label: accuracy against labels is left out"],
        "cautions": [],
        "images": 7,
    }
    lines = (tmp_path / "new" / "summary.csv").read_text().splitlines()
    assert lines == ["metric,value", "agreement_accuracy,0.87654321", "label_count,0.0", "lesion_images,3.0"]


def test_the_log_shows_the_main_figures_and_what_is_left_out(tmp_path, caplog):
    with caplog.at_level(logging.INFO, "monai_medtex"):
        run(tmp_path, METRICS)
    assert caplog.messages == [
        "evaluation: agreement_accuracy 0.8765",
        "no image has a label: accuracy against labels is left out",
        f"results are in {tmp_path}",
    ]


def test_agreement_by_chance_is_a_warning(tmp_path, caplog):
    with caplog.at_level(logging.WARNING, "monai_medtex"):
        run(tmp_path, {"agreement_count": 3, "agreement_kappa": 0.0})
    assert [(record.levelname, "kappa is 0 or less" in record.message) for record in caplog.records] == [
        ("WARNING", True)
    ]


def test_figures_are_shown_in_the_order_that_was_asked_for(tmp_path, caplog):
    with caplog.at_level(logging.INFO, "monai_medtex"):
        run(tmp_path, {"a": 1.0, "b": 2.0, "c": 3}, shown=["c", "a"])
    assert caplog.messages[0] == "evaluation: c 3.0000  a 1.0000"
