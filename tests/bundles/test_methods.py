# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""The configs of the methods that MED-TEX is compared with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

pytestmark = pytest.mark.usefixtures("no_figure")

KD = {"student_kd", "resnet18_kd"}
VID = {"student_vid": [f"block{i}" for i in (1, 2, 3, 4)], "resnet18_vid": [f"block{i}" for i in (2, 3, 4)]}
PATCHES = {"soft_attention", "hard_attention", "l2x"}
RESNET18 = 11_177_538  # torchvision's for 2 classes: 11,689,512 - 513,000 + 1,026
LOGIT = 257  # of 256 channels


def summary_of(folder: Path) -> dict:
    return json.loads((folder / "summary.json").read_text())


def judge(bundle, run: Path, variant: str) -> dict:
    workflow = bundle("evaluating", "train", variant, "evaluate", run_dir=str(run))
    return summary_of(Path(workflow.parser.get_parsed_content("report_dir")))["metrics"]


@pytest.fixture
def once(train, teacher_ckpt):
    """Train a variant for one epoch and give the run and its summary."""

    def start(variant: str, **override: object) -> tuple[Path, dict]:
        run = train("train", variant, **{"teacher_ckpt": teacher_ckpt, "epochs": 1, **override})
        assert run.name.endswith(f"_{variant}")
        return run, summary_of(run / "evaluation")

    return start


@pytest.mark.parametrize("variant", sorted({*KD, *VID}))
def test_distillation_without_explainer(once, logged_terms, bundle, variant):
    run, summary = once(variant)
    assert logged_terms(run) == {"loss_prediction", *(f"loss_transfer_{layer}" for layer in VID.get(variant, []))}
    costs = {name: cost["parameters"] for name, cost in summary["networks"].items()}
    assert costs["deployed"] == costs["student"] == (RESNET18 if "resnet18" in variant else 1_726)
    assert costs["explainer"] == 0
    settings = summary["settings"]
    assert settings.get("temperature") == (4.0 if variant in KD else None)
    assert settings.get("student") == ("resnet18" if "resnet18" in variant else None)
    assert (settings["student_channels"] is None) == ("resnet18" in variant)
    assert summary["metrics"]["theta_std"] == 0
    assert judge(bundle, run, variant) == summary["metrics"]


@pytest.mark.filterwarnings("ignore:Can't merge entry")  # inference.json has no settings to add to
@pytest.mark.parametrize("variant", sorted(PATCHES))
def test_patch_selection(once, logged_terms, bundle, fundus, tmp_path, variant):
    run, summary = once(variant, image_size=64)
    assert logged_terms(run) == {"loss_prediction"}
    costs = {name: cost["parameters"] for name, cost in summary["networks"].items()}
    whole = RESNET18 + LOGIT if variant != "l2x" else costs["explainer"] + costs["student"]
    assert costs["deployed"] == whole
    assert 0 < summary["metrics"]["theta_std"] < 1
    assert summary["settings"]["grid"] == 8
    assert judge(bundle, run, variant) == summary["metrics"]
    inputs = {"run_dir": str(run), "dataset_dir": str(fundus), "output_dir": str(tmp_path / "out")}
    bundle("inference", "inference", variant, **inputs)
    assert (tmp_path / "out" / "inference" / "predictions.csv").is_file()


def test_densenet121_teaches_resnet18_and_can_be_trained_alone(train, logged_terms, tmp_path):
    headquarters = train("train", "densenet121", "teacher", output_dir=str(tmp_path / "headquarters"))
    weights = torch.load(headquarters / "model.pt", weights_only=True)
    assert weights["class_layers.out.weight"].shape == (2, 1024)
    run = train("train", "densenet121", teacher_ckpt=str(headquarters / "model.pt"), epochs=1)
    layers = [f"loss_transfer_features.denseblock{number}" for number in (1, 2, 3, 4)]
    assert logged_terms(run) == {"loss_prediction", *layers}
    summary = summary_of(run / "evaluation")
    costs = {name: cost["parameters"] for name, cost in summary["networks"].items()}
    assert costs["teacher"] == 6_955_906  # torchvision's for 2 classes: 7,978,856 - 1,025,000 + 2,050
    assert costs["student"] == RESNET18
    assert (summary["settings"]["teacher"], summary["settings"]["student"]) == ("DenseNet121", "resnet18")
