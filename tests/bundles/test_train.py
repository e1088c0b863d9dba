# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import csv
import json
import os
import shutil
from functools import partial
from pathlib import Path

import pytest
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from monai_medtex.data import synthetic
from monai_medtex.metrics import TopKIoU
from monai_medtex.networks import BlockCNN, ExplainedClassifier, Explainer


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def files(*folders: Path) -> dict[str, float]:
    return {str(path): path.stat().st_mtime_ns for folder in folders for path in folder.rglob("*") if path.is_file()}


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def strict_json(path: Path) -> dict:
    return json.loads(path.read_text(), parse_constant=refuse)


@pytest.fixture(scope="module")
def summary(trained) -> dict:
    return strict_json(trained.folder / "evaluation" / "summary.json")


def test_leaves_exactly_the_documented_files(trained):
    events = {name for name in trained.files if name.startswith("events/")}
    assert len(events) == 1
    report = {f"evaluation/{name}" for name in ("summary.json", "summary.csv", "per_image.csv", "explained.png")}
    teacher = {f"teacher/{name}" for name in ("model.pt", "metrics.csv", "checkpoint.pt")}
    run = {"model.pt", "metrics.csv", "checkpoint.pt", "settings.json", "finished"}
    assert trained.files - events == run | report | teacher


def test_model_is_the_bare_state_dict_of_explainer_and_student(trained):
    weights = torch.load(trained.folder / "model.pt", weights_only=True)
    network = ExplainedClassifier(Explainer(2, 3, 3), BlockCNN(2, 3, 2, (2, 4, 8, 16)))
    assert {key: value.shape for key, value in weights.items()} == {
        key: value.shape for key, value in network.state_dict().items()
    }
    assert all(value.isfinite().all() for value in weights.values())


def test_logs_one_row_per_epoch_with_every_term_bound_and_validation(trained):
    table = rows(trained.folder / "metrics.csv")
    assert [row["epoch"] for row in table] == ["1", "2"]
    layers = [f"transfer_block{number}" for number in (1, 2, 3, 4)]
    terms = {f"{kind}_{name}" for kind in ("loss", "bound") for name in ["prediction", *layers]}
    judged = {"val_predictive_kl", "val_agreement_accuracy", "val_label_accuracy", "val_theta_mean", "val_iou_mean"}
    assert {"loss", "seconds", *terms, *judged} <= set(table[0])
    assert all(value for row in table for value in row.values())
    for row in table:
        parts = float(row["loss_prediction"]) + 0.01 * sum(float(row[f"loss_{layer}"]) for layer in layers)
        assert float(row["loss"]) == pytest.approx(parts, rel=1e-5)
        assert float(row["bound_prediction"]) == pytest.approx(-float(row["loss_prediction"]), rel=1e-6)


def test_writes_scalars_and_overlays_for_tensorboard(trained):
    events = EventAccumulator(str(trained.folder / "events"), size_guidance={"images": 0})
    events.Reload()
    scalars = set(events.Tags()["scalars"])
    assert {"loss/loss", "bound/bound_prediction", "agreement/agreement_accuracy"} <= scalars
    assert {f"loss/loss_transfer_block{number}" for number in (1, 2, 3, 4)} <= scalars
    assert {f"theta/{number}" for number in range(4)} == set(events.Tags()["images"])
    logged = [event.value for event in events.Scalars("predictive/predictive_kl")]
    assert logged == pytest.approx(
        [float(row["val_predictive_kl"]) for row in rows(trained.folder / "metrics.csv")], rel=1e-5
    )
    assert [(event.step, event.value) for event in events.Scalars("final/predictive_kl")] == [(2, logged[-1])]
    assert [event.step for event in events.Scalars("loss/loss")] == [1, 2]
    (first, second) = events.Images("theta/0")
    assert (first.width, first.height) == (3 * 32, 32)
    assert [first.step, second.step] == [1, 2]


def test_summary_says_what_was_measured_on_what(summary):
    costs = {name: cost["parameters"] for name, cost in summary["networks"].items()}
    assert costs["teacher"] == 390_466
    assert costs["student"] == 1_726
    assert costs["deployed"] == costs["student"] + costs["explainer"] < costs["teacher"]
    assert summary["images"] == summary["metrics"]["label_count"] == summary["metrics"]["agreement_count"] == 8
    assert (summary["metrics"]["lesion_images"], summary["metrics"]["empty_images"]) == (4, 4)
    assert summary["training_images"] == 24
    assert summary["left_out"] == []
    assert summary["settings"]["image_size"] == 32


def test_best_epoch_is_that_of_the_lowest_divergence(trained, summary):
    divergences = [float(row["val_predictive_kl"]) for row in rows(trained.folder / "metrics.csv")]
    assert summary["best_epoch"] == 1 + divergences.index(min(divergences))


def test_table_of_images_agrees_with_the_summary(trained, summary, fundus):
    table = rows(trained.folder / "evaluation" / "per_image.csv")
    listed = json.loads((fundus / "datalist.json").read_text())["test"]
    assert [row["image"] for row in table] == [os.path.realpath(fundus / entry["image"]) for entry in listed]
    assert [int(row["label"]) for row in table] == [entry["label"] for entry in listed]
    answers = {
        network: [float(row[f"{network}_abnormal"]) > float(row[f"{network}_normal"]) for row in table]
        for network in ("teacher", "student")
    }
    agreed = [ours == theirs for ours, theirs in zip(answers["student"], answers["teacher"], strict=True)]
    right = [answer == (row["label"] == "1") for answer, row in zip(answers["student"], table, strict=True)]
    assert summary["metrics"]["agreement_accuracy"] == pytest.approx(sum(agreed) / 8)
    assert summary["metrics"]["label_accuracy"] == pytest.approx(sum(right) / 8)
    divergence = sum(float(row["predictive_kl"]) for row in table) / 8
    assert summary["metrics"]["predictive_kl"] == pytest.approx(divergence, rel=1e-4)
    for k in TopKIoU().ks:
        known = [float(row[f"iou_top{k}"]) for row in table if row["label"] == "1"]
        assert summary["metrics"][f"iou_top{k}"] == pytest.approx(sum(known) / 4, rel=1e-4)
        assert all(not row[f"iou_top{k}"] for row in table if row["label"] == "0")


def test_draws_the_explained_images(trained):
    with Image.open(trained.folder / "evaluation" / "explained.png") as image:
        assert min(image.size) > 200


def test_keeps_the_settings_of_the_run(trained, fundus, teacher_ckpt):
    settings = strict_json(trained.folder / "settings.json")
    assert settings["dataset_dir"] == str(fundus)
    assert settings["teacher_ckpt"] == teacher_ckpt
    assert settings["class_names"] == ["normal", "abnormal"]


def test_finds_the_teacher_again_and_draws_the_default_images(train, trained, bundle_home, monkeypatch, bundle_dir):
    counts = {"training": 24, "validation": 8, "test": 8}
    few = partial(synthetic.write_synthetic_fundus, counts=counts)
    monkeypatch.setattr(synthetic, "write_synthetic_fundus", few)
    monkeypatch.setenv("MONAI_MEDTEX_HOME", str(trained.home))
    before = files(bundle_dir, trained.home)
    again = train(dataset_dir=None, amp=False, epochs=1)
    assert again != trained.folder
    assert not (again / "teacher").exists()
    assert (again / "finished").exists()
    after = files(bundle_dir, trained.home)
    new = {Path(path) for path in after if path not in before}
    assert {path: after[path] for path in before} == before
    assert all(path.is_relative_to(trained.home / "data") or path.is_relative_to(again) for path in new)
    assert not any(Path.cwd().iterdir())
    assert not bundle_home.exists()


def test_needs_neither_labels_nor_masks_beside_a_given_teacher(train, relisted, teacher_ckpt, tmp_path):
    unlabelled = relisted(
        lambda sections: {name: [entry["image"] for entry in entries] for name, entries in sections.items()}
    )
    shutil.rmtree(unlabelled / "masks")
    run = train(dataset_dir=str(unlabelled), teacher_ckpt=teacher_ckpt, output_dir=str(tmp_path / "out"))
    assert run.parent == tmp_path / "out"
    summary = strict_json(run / "evaluation" / "summary.json")
    assert summary["left_out"] == [
        "no image has a label: accuracy against labels is left out",
        "no image has a lesion mask: IoU at top K is left out",
    ]
    assert "agreement_accuracy" in summary["metrics"]
    assert not {"label_accuracy", "teacher_label_accuracy", "iou_mean"} & set(summary["metrics"])
    assert "nan" not in (run / "evaluation" / "summary.csv").read_text().lower()
    for row in rows(run / "evaluation" / "per_image.csv"):
        assert row["label"] == row["iou_top1"] == ""
        assert float(row["student_normal"]) + float(row["student_abnormal"]) == pytest.approx(1, abs=1e-5)


def test_saves_the_last_epoch_where_there_is_nothing_to_validate_on(train, relisted, teacher_ckpt):
    local = relisted(lambda sections: {"training": sections["training"]})
    run = train(dataset_dir=str(local), teacher_ckpt=teacher_ckpt, val_fraction=0)
    kept = torch.load(run / "checkpoint.pt", weights_only=True)["network"]
    saved = torch.load(run / "model.pt", weights_only=True)
    assert all(value.equal(kept[key]) for key, value in saved.items())
    assert not any(name.startswith("val_") for name in rows(run / "metrics.csv")[0])
    assert strict_json(run / "evaluation" / "summary.json")["images"] == 6  # a quarter of 24
