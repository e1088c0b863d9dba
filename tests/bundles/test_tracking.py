# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""``--tracking mlflow`` with MONAI's own setting; all but one test need MLflow."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from monai_medtex.handlers import SummaryFile, explained_images, tracking


@pytest.fixture(autouse=True)
def _no_figure(monkeypatch):
    """Drawing takes longer than the rest."""
    monkeypatch.setattr(explained_images, "has_matplotlib", False)


def test_losses_figures_and_settings_are_logged_and_no_path_of_the_images(train, fundus, teacher_ckpt, tmp_path):
    mlflow = pytest.importorskip("mlflow", reason="the extra mlflow is missing")
    options = {"teacher_ckpt": teacher_ckpt, "output_dir": str(tmp_path / "runs"), "epochs": 2}
    folders = [train("train", tracking="mlflow", learning_rate=rate, **options) for rate in (0.001, 0.002)]
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path / 'runs' / 'mlruns.db'}")
    (experiment,) = client.search_experiments(filter_string="name = 'monai_medtex'")
    runs = {run.info.run_name: run for run in client.search_runs(experiment.experiment_id)}
    assert runs.keys() == {folder.name for folder in folders}
    for folder, rate in zip(folders, ("0.001", "0.002"), strict=True):
        run = runs[folder.name]
        assert run.info.status == "FINISHED"
        with (folder / "metrics.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        for name in ("loss", "loss_transfer_block3", "bound_prediction", "val_agreement_accuracy", "val_iou_mean"):
            history = {point.step: point.value for point in client.get_metric_history(run.info.run_id, name)}
            assert history == pytest.approx({int(row["epoch"]): float(row[name]) for row in rows}), name
        summary = json.loads((folder / "evaluation" / "summary.json").read_text())["metrics"]
        for name in ("agreement_accuracy", "label_accuracy", "iou_mean"):
            assert run.data.metrics[f"test_{name}"] == pytest.approx(summary[name]), name
        assert (run.data.params["learning_rate"], run.data.params["lambda_vid"]) == (rate, "0.01")
        assert not client.list_artifacts(run.info.run_id)
    database = (tmp_path / "runs" / "mlruns.db").read_bytes()
    assert not [path for path in (fundus, teacher_ckpt, "datalist.json") if str(path).encode() in database]
    assert not list(Path.cwd().iterdir())


def test_a_teachers_training_is_logged(train, tmp_path):
    mlflow = pytest.importorskip("mlflow", reason="the extra mlflow is missing")
    folder = train("train", "teacher", tracking="mlflow", teacher_epochs=2, output_dir=str(tmp_path / "runs"))
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path / 'runs' / 'mlruns.db'}")
    (run,) = client.search_runs(client.get_experiment_by_name("monai_medtex").experiment_id)
    assert (run.info.run_name, run.info.status) == (folder.name, "FINISHED")
    with (folder / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for name in ("loss", "val_cross_entropy", "val_accuracy"):
        history = {point.step: point.value for point in client.get_metric_history(run.info.run_id, name)}
        assert history == pytest.approx({int(row["epoch"]): float(row[name]) for row in rows}), name
    summary = json.loads((folder / "evaluation" / "summary.json").read_text())["metrics"]
    assert run.data.metrics["test_label_accuracy"] == pytest.approx(summary["label_accuracy"])
    assert run.data.params["teacher_epochs"] == "2"


def test_an_interrupted_run_goes_on_in_its_own(train, teacher_ckpt, tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow", reason="the extra mlflow is missing")
    options = {"teacher_ckpt": teacher_ckpt, "output_dir": str(tmp_path / "runs"), "tracking": "mlflow"}
    with monkeypatch.context() as patch:
        patch.setattr(SummaryFile, "__call__", lambda *_: 1 / 0)
        with pytest.raises(RuntimeError):
            train("train", epochs=1, **options)
    folder = train("train", epochs=2, resume=True, **options)
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path / 'runs' / 'mlruns.db'}")
    (run,) = client.search_runs(client.get_experiment_by_name("monai_medtex").experiment_id)
    assert (run.info.run_name, run.info.status) == (folder.name, "FINISHED")
    assert [point.step for point in client.get_metric_history(run.info.run_id, "loss")] == [1, 2]


def test_without_mlflow_a_line_says_what_to_install_before_anything_is_trained(
    train, one_line, bundle_home, monkeypatch
):
    monkeypatch.setattr(tracking, "find_spec", lambda _: None)
    with one_line("tracking", "pip install 'monai_medtex[mlflow]'"):
        train("train", tracking="mlflow")
    assert not bundle_home.exists()
