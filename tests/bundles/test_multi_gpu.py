# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch


def in_two_processes(folder: Path, config_file: str, fundus: Path) -> Path:
    """Run under torchrun, on the CPU."""
    options = {
        "config_file": config_file,
        "dataset_dir": str(fundus),
        "output_dir": str(folder / "runs"),
        "image_size": "32",
        "batch_size": "4",
        "epochs": "2",
        "teacher_epochs": "1",
        "amp": "False",
    }
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    environment = {"MONAI_MEDTEX_HOME": str(folder / "home"), "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [*launcher, "-m", "monai.bundle", "run", "training", *(f"--{name}={value}" for name, value in options.items())],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, **environment},
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (run,) = (folder / "runs").iterdir()
    return run


@pytest.fixture(scope="module")
def distributed(configs, fundus, tmp_path_factory) -> Path:
    return in_two_processes(tmp_path_factory.mktemp("distributed"), str(configs("train", "multi_gpu_train")), fundus)


def test_an_explainer_that_is_frozen_on_the_way_stops_no_process(configs, fundus, tmp_path):
    run = in_two_processes(tmp_path, str(configs("train", "train_trusted", "multi_gpu_train")), fundus)
    assert json.loads((run / "settings.json").read_text())["explainer_epochs"] == 1
    assert (run / "finished").is_file()


def test_leaves_what_one_process_leaves(distributed, trained):
    left = {str(path.relative_to(distributed)) for path in distributed.rglob("*") if path.is_file()}
    events = {name for name in left if name.startswith("events")}
    assert left - events == {name for name in trained.files if not name.startswith("events")}
    assert len(events) == 1


def test_saves_weights_without_the_wrapper(distributed, trained):
    ours, theirs = (torch.load(run / "model.pt", weights_only=True) for run in (distributed, trained.folder))
    assert {key: value.shape for key, value in ours.items()} == {key: value.shape for key, value in theirs.items()}
    assert all(value.isfinite().all() for value in ours.values())


def test_counts_every_image_once(distributed):
    summary = json.loads((distributed / "evaluation" / "summary.json").read_text())
    metrics = summary["metrics"]
    assert metrics["label_count"] == metrics["agreement_count"] == summary["images"] == 8
    assert (metrics["lesion_images"], metrics["empty_images"]) == (4, 4)
    assert summary["training_images"] == 24
    with (distributed / "metrics.csv").open(newline="") as file:
        epochs = list(csv.DictReader(file))
    assert [row["epoch"] for row in epochs] == ["1", "2"]
    assert {row["val_label_count"] for row in epochs} == {"8.0"}
    with (distributed / "evaluation" / "per_image.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 8


def test_validation_over_two_processes_judged_the_model_that_is_saved(distributed, bundle):
    arguments = {"run_dir": str(distributed), "section": "validation", "device": torch.device("cpu")}
    workflow = bundle("evaluating", "train", "evaluate", **arguments)
    summary = Path(workflow.parser.get_parsed_content("report_dir")) / "summary.json"
    alone = json.loads(summary.read_text())["metrics"]
    with (distributed / "metrics.csv").open(newline="") as file:
        together = min(csv.DictReader(file), key=lambda row: float(row["val_predictive_kl"]))
    for name in ("predictive_kl", "agreement_accuracy", "label_f1", "theta_mean", "theta_std", "iou_mean"):
        assert alone[name] == pytest.approx(float(together[f"val_{name}"]), rel=1e-4), name
