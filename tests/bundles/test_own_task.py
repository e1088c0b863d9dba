# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""Three classes, and labels that hold or not, each for itself."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import nibabel
import numpy as np
import pytest
import torch
from PIL import Image

NAMES = ["effusion", "mass", "nodule"]


def summary_of(folder: Path) -> dict:
    return json.loads((folder / "summary.json").read_text())


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def three_classes(sections: dict) -> dict:
    for entries in sections.values():
        for index, entry in enumerate(entries):
            entry["label"] = index % 3
    return sections


def label_lists(sections: dict) -> dict:
    """The abnormal images have the first label, every third the second; one test image is unknown."""
    for entries in sections.values():
        for index, entry in enumerate(entries):
            entry["label"] = [entry["label"], int(index % 3 == 0), 0 if index else -1]
    del sections["test"][-1]["label"]
    return sections


def judged_again(bundle, run: Path, *names: str) -> dict:
    workflow = bundle("evaluating", "train", *names, "evaluate", run_dir=str(run))
    return summary_of(Path(workflow.parser.get_parsed_content("report_dir")))["metrics"]


def most_probable(row: dict[str, str], who: str) -> str:
    return max(NAMES, key=lambda name: float(row[f"{who}_{name}"]))


@pytest.mark.parametrize("names", [[], ["train_trusted"]], ids=["paper", "trusted"])
def test_three_classes(train, bundle, relisted, tmp_path, names):
    images = str(relisted(three_classes))
    run = train("train", *names, dataset_dir=images, class_names=NAMES, amp=False)
    summary = summary_of(run / "evaluation")
    rows = rows_of(run / "evaluation" / "per_image.csv")
    answers = [[most_probable(row, who) for row in rows] for who in ("teacher", "student")]
    same = sum(taught == learnt for taught, learnt in zip(*answers, strict=True))
    assert summary["metrics"]["agreement_accuracy"] == same / len(rows)
    right = sum(NAMES[int(row["label"])] == answer for row, answer in zip(rows, answers[1], strict=True))
    assert summary["metrics"]["label_accuracy"] == right / len(rows)
    assert judged_again(bundle, run, *names) == summary["metrics"]
    bundle("inference", "inference", run_dir=str(run), dataset_dir=images, output_dir=str(tmp_path / "out"), amp=False)
    predicted = rows_of(tmp_path / "out" / "inference" / "predictions.csv")
    assert list(predicted[0]) == ["image", "predicted", *NAMES]
    assert all(sum(float(row[name]) for name in NAMES) == pytest.approx(1, abs=1e-5) for row in predicted)


def test_labels_each_for_itself(train, bundle, relisted, tmp_path):
    images = str(relisted(label_lists))
    run = train("train", "multilabel", dataset_dir=images, class_names=NAMES, amp=False)
    summary = summary_of(run / "evaluation")
    figures = summary["metrics"]
    assert (figures["label_count"], figures["agreement_count"]) == (7, 8)
    rows = rows_of(run / "evaluation" / "per_image.csv")
    for name in NAMES:
        same = sum((float(row[f"teacher_{name}"]) > 0.5) == (float(row[f"student_{name}"]) > 0.5) for row in rows)
        assert figures[f"agreement_accuracy_{name}"] == same / 8
    assert [row["label"] for row in rows][:2] == ["0 1 -1", "1 0 0"]
    assert rows[-1]["label"] == ""
    assert judged_again(bundle, run, "multilabel") == figures
    out = tmp_path / "out"
    bundle("inference", "inference", run_dir=str(run), dataset_dir=images, output_dir=str(out), amp=False)
    predicted = {row["image"]: row for row in rows_of(out / "inference" / "predictions.csv")}
    for row in rows:
        found = predicted[str(Path(row["image"]).relative_to(images))]
        assert [float(found[name]) for name in NAMES] == pytest.approx(
            [float(row[f"student_{name}"]) for name in NAMES], abs=1e-4
        )
        held = [name for name in NAMES if float(found[name]) > 0.5]
        assert found["predicted"] == (", ".join(held) or "none")


def test_what_speaks_for_a_label_can_be_asked(train, bundle, relisted, tmp_path):
    images = str(relisted(label_lists))
    names = ["multilabel", "theta_classes"]
    run = train("train", *names, dataset_dir=images, class_names=NAMES, amp=False)
    summary = summary_of(run / "evaluation")
    assert float(rows_of(run / "metrics.csv")[-1]["loss_evidence"]) > 0
    assert judged_again(bundle, run, *names) == summary["metrics"]
    shared = {"run_dir": str(run), "dataset_dir": images, "amp": False}
    outputs = {why: tmp_path / str(why) / "inference" for why in (None, "mass")}
    for why, out in outputs.items():
        workflow = bundle("inference", "inference", "why", why=why, output_dir=str(out.parent), **shared)
    tables = [rows_of(out / "predictions.csv") for out in outputs.values()]
    assert tables[0] == tables[1]
    network = workflow.parser.get_parsed_content("network_def").eval()
    name = "images/test_0000"
    pixels = np.asarray(Image.open(f"{images}/{name}.png"), dtype=np.float32).transpose(2, 1, 0) / 255
    with torch.no_grad():
        maps = network.explainer.classes(torch.from_numpy(pixels)[None])[0]
    found = nibabel.load(outputs["mass"] / "theta" / f"{name}_theta.nii.gz").get_fdata()
    assert np.allclose(found, maps[1].numpy(), atol=1e-3)


@pytest.mark.parametrize("names", [("theta_classes",), ("multilabel", "theta_classes")])
def test_the_trusted_map_of_each_class(train, relisted, fundus, names):
    options = {"dataset_dir": str(relisted(label_lists)), "class_names": NAMES} if len(names) == 2 else {}
    run = train("train", *names[:-1], "train_trusted", names[-1], epochs=2, teacher_epochs=1, **options)
    last = rows_of(run / "metrics.csv")[0]
    assert float(last["loss_evidence"]) > 0
    assert float(last["loss_evidence_shape"]) > 0


def test_evidence_of_one_class_is_refused_for_several_labels(train, relisted, one_line):
    options = {"dataset_dir": str(relisted(label_lists)), "class_names": NAMES, "teacher_epochs": 1}
    with one_line("activation of ClassEvidence must be softmax"):
        train("train", "multilabel", "train_trusted", **options)


def test_a_multilabel_teacher_alone(train, relisted, tmp_path):
    images = str(relisted(label_lists))
    run = train("train", "multilabel", "teacher", dataset_dir=images, class_names=NAMES)
    figures = summary_of(run / "evaluation")["metrics"]
    assert figures["label_count"] == 7
    assert 0 < figures["cross_entropy"] < 2
    assert {f"label_accuracy_{name}" for name in NAMES} <= set(figures)
    given = {"teacher_ckpt": str(run / "model.pt"), "epochs": 1}
    branch = train("train", "multilabel", dataset_dir=images, class_names=NAMES, **given)
    taught = summary_of(branch / "evaluation")["metrics"]
    assert taught["teacher_label_accuracy"] == figures["label_accuracy"]


def test_lists_of_labels_without_their_config_are_explained(train, relisted, one_line, bundle_home):
    with one_line("name multilabel.json"):
        train(dataset_dir=str(relisted(label_lists)))
    assert not bundle_home.exists()


def test_class_indices_with_multilabel_are_explained(train, one_line, bundle_home):
    with one_line("is no list of 2"):
        train("train", "multilabel")
    assert not bundle_home.exists()
