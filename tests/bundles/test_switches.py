# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""The switches of the objective: off they are the paper, on they do what they say."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import torch

pytestmark = pytest.mark.usefixtures("no_figure")


def last_row(run: Path) -> dict[str, str]:
    with (run / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))[-1]


def override(folder: Path, **entries: object) -> str:
    path = folder / "switches.json"
    path.write_text(json.dumps(entries))
    return str(path)


def networks(name: str, **arguments: object) -> dict:
    return {"_target_": f"monai_medtex.networks.{name}", **arguments}


def prior(name: str, **arguments: object) -> dict:
    loss = {"_target_": f"monai_medtex.losses.{name}", **arguments}
    return {"_target_": "monai_medtex.losses.ThetaTerm", "name": name, "loss": loss, "weight": 0.1}


def test_the_trusted_pair_is_trained_judged_again_and_used(train, bundle, teacher_ckpt, fundus, tmp_path):
    run = train("train", "train_trusted", teacher_ckpt=teacher_ckpt)
    row = last_row(run)
    assert float(row["loss_evidence"]) > 0
    assert float(row["loss_consistency"]) > 0
    settings = json.loads((run / "settings.json").read_text())
    smoothing = 6.4 / settings["image_size"]
    assert settings["evidence"] == f"ClassEvidence(layers=('block3',), smoothing={smoothing}, power=2.0)"
    workflow = bundle("evaluating", "train", "train_trusted", "evaluate", run_dir=str(run))
    report = Path(workflow.parser.get_parsed_content("report_dir"))
    own = json.loads((run / "evaluation" / "summary.json").read_text())
    assert json.loads((report / "summary.json").read_text())["metrics"] == own["metrics"]
    inference = bundle(
        "inference", "inference", run_dir=str(run), dataset_dir=str(fundus), output_dir=str(tmp_path / "out")
    )
    deployed = inference.parser.get_parsed_content("network_def")
    assert deployed.mask_power == 0.5
    assert repr(deployed.baseline) == repr(workflow.parser.get_parsed_content("deployable").baseline)
    weights = torch.load(run / "model.pt", weights_only=True)
    assert deployed.load_state_dict(weights)
    assert {name.split(".")[0] for name in weights} == {"explainer", "student"}


def test_the_teacher_in_the_loop_another_view_and_priors_are_logged(train, teacher_ckpt, tmp_path):
    names = ["AreaBudgetLoss", "BernoulliRateLoss", "ThetaEntropyLoss", "TotalVariationLoss", "MultiAreaLoss"]
    arguments = [{"area": 0.1}, {"rate": 0.1}, {}, {}, {"areas": [0.05, 0.1]}]
    switches = override(
        tmp_path,
        baseline=["blur", "mean"],
        teacher_in_loop=networks("TeacherInLoop", judge="@teacher", baseline="@removed"),
        other_view=networks("RandomSymmetry"),
        consistency_weight=0.5,
        theta_prior=[prior(name, **given) for name, given in zip(names, arguments, strict=True)],
    )
    row = last_row(train("train", switches, teacher_ckpt=teacher_ckpt))
    terms = {name: float(row[f"loss_{name}"]) for name in ("keep", "delete", "consistency", *names)}
    assert all(value > 0 for value in terms.values())
    transfers = sum(float(row[f"loss_transfer_block{number}"]) for number in range(1, 5))
    total = (
        float(row["loss_prediction"]) + 0.01 * transfers + terms["keep"] + terms["delete"] + 0.5 * terms["consistency"]
    )
    assert float(row["loss"]) == pytest.approx(total + 0.1 * sum(terms[name] for name in names), rel=1e-4)


@pytest.mark.parametrize(
    "sampling",
    [networks("RelaxedBernoulli", tau=0.5), networks("StraightThroughTopK", share=0.2)],
    ids=lambda s: s["_target_"],
)
def test_theta_is_sampled_in_training_alone(train, teacher_ckpt, tmp_path, sampling):
    run = train("train", override(tmp_path, theta_sampling=sampling), teacher_ckpt=teacher_ckpt)
    weights = torch.load(run / "model.pt", weights_only=True)
    assert {name.split(".")[0] for name in weights} == {"explainer", "student"}
    summary = json.loads((run / "evaluation" / "summary.json").read_text())
    assert 0 < summary["metrics"]["theta_mean"] < 1
    assert sampling["_target_"].split(".")[-1] in summary["settings"]["theta_sampling"]


def test_real_x_trains_the_student_first_and_the_explainer_then(train, teacher_ckpt):
    run = train("train", "real_x", teacher_ckpt=teacher_ckpt)
    weights = torch.load(run / "checkpoint.pt", weights_only=True)["network"]
    assert {name.split(".")[0] for name in weights} == {"explainer", "student"}
    assert float(last_row(run)["loss_area"]) > 0
