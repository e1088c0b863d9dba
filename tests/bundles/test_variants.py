# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""The configs that are listed after train.json: the teacher alone, MED-EX, Student (only)."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import torch

from monai_medtex.networks import BlockCNN

pytestmark = pytest.mark.usefixtures("no_figure")


def summary_of(folder: Path) -> dict:
    return json.loads((folder / "summary.json").read_text())


def columns(run: Path) -> set[str]:
    with (run / "metrics.csv").open(newline="") as file:
        return set(csv.DictReader(file).fieldnames)


def judge(bundle, run: Path, variant: str) -> dict:
    workflow = bundle("evaluating", "train", variant, "evaluate", run_dir=str(run))
    return summary_of(Path(workflow.parser.get_parsed_content("report_dir")))["metrics"]


def test_teacher_alone_is_trained_judged_and_given_to_a_branch(train, tmp_path):
    run = train("train", "teacher", output_dir=str(tmp_path / "headquarters"))
    assert run.name.endswith("_teacher_fundus")
    assert (run / "finished").exists()
    weights = torch.load(run / "model.pt", weights_only=True)
    BlockCNN(2, 3, 2).load_state_dict(weights)
    summary = summary_of(run / "evaluation")
    assert summary["networks"]["teacher"]["parameters"] == 390_466
    assert summary["metrics"]["label_count"] == summary["images"] == 8
    accuracy = summary["metrics"]["label_accuracy"]
    branch = train(teacher_ckpt=str(run / "model.pt"), output_dir=str(tmp_path / "branch"))
    assert not (branch / "teacher").exists()
    assert summary_of(branch / "evaluation")["metrics"]["teacher_label_accuracy"] == accuracy
    assert json.loads((branch / "settings.json").read_text())["teacher_ckpt"] == str(run / "model.pt")


def test_teacher_is_judged_on_the_test_images_that_have_a_label(train, relisted):
    def without_two_labels(sections: dict) -> dict:
        for entry in sections["test"][:2]:
            del entry["label"]
        return sections

    summary = summary_of(train("train", "teacher", dataset_dir=str(relisted(without_two_labels))) / "evaluation")
    assert (summary["images"], summary["metrics"]["label_count"]) == (8, 6)
    assert summary["metrics"]["cross_entropy"] > 0


def check_without_transfer(bundle, run: Path, variant: str) -> dict:
    """Check what both variants have in common and give the run's summary."""
    assert run.name.endswith(f"_{variant}")
    logged = {name for name in columns(run) if name.startswith(("loss", "bound"))}
    assert logged == {"loss", "loss_prediction", "bound_prediction"}
    own = summary_of(run / "evaluation")
    assert own["settings"]["layer_pairs"] == []
    assert judge(bundle, run, variant) == own["metrics"]
    return own


def test_med_ex_trains_explainer_and_student_and_can_be_judged_again(train, bundle, teacher_ckpt):
    run = train("train", "med_ex", teacher_ckpt=teacher_ckpt)
    summary = check_without_transfer(bundle, run, "med_ex")
    weights = torch.load(run / "checkpoint.pt", weights_only=True)["network"]
    assert {name.split(".")[0] for name in weights} == {"explainer", "student"}
    assert summary["metrics"]["theta_std"] > 0


def test_student_alone_sees_the_whole_image_and_can_be_judged_again(train, bundle, teacher_ckpt, fundus, tmp_path):
    run = train("train", "student_only", teacher_ckpt=teacher_ckpt)
    summary = check_without_transfer(bundle, run, "student_only")
    weights = torch.load(run / "model.pt", weights_only=True)
    assert {name.split(".")[0] for name in weights} == {"student"}
    assert (summary["metrics"]["theta_mean"], summary["metrics"]["theta_std"]) == (1, 0)
    assert summary["networks"]["deployed"] == summary["networks"]["student"]
    assert summary["networks"]["explainer"]["parameters"] == 0
    inputs = {"run_dir": str(run), "dataset_dir": str(fundus), "output_dir": str(tmp_path / "out")}
    bundle("inference", "inference", "student_only", **inputs)
    assert (tmp_path / "out" / "inference" / "predictions.csv").is_file()


def test_without_weight_the_transfer_terms_change_nothing(train, teacher_ckpt, tmp_path):
    """With lambda_vid 0 the terms are logged, and the variances stay where they were."""
    shared = {"teacher_ckpt": teacher_ckpt, "epochs": 1}
    unweighted = train(lambda_vid=0, output_dir=str(tmp_path / "unweighted"), **shared)
    assert "loss_transfer_block1" in columns(unweighted)
    with (unweighted / "metrics.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["loss"] == row["loss_prediction"]
    weights = torch.load(unweighted / "checkpoint.pt", weights_only=True)["network"]
    alphas = [value for name, value in weights.items() if name.endswith("alpha")]
    assert len(alphas) == 4
    assert all(alpha.equal(alpha[0].expand_as(alpha)) for alpha in alphas)
