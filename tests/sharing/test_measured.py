# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest
from sklearn.metrics import f1_score

from monai_medtex.sharing import measured, open_run

CLASSES = ("none", "mild", "severe")
# label, the teacher's class, the student's class, predictive KL, IoU at top 1 and 2
IMAGES = [
    (0, 0, 0, 0.1, None, None),
    (1, 1, 0, 0.3, 0.2, 0.4),
    ("", 2, 2, 0.2, 0.6, 0.8),
]


@pytest.fixture
def evaluated(run, images) -> Path:
    """The run with an evaluation of three images, two of them of one patient."""
    columns = ["image", "label", *(f"{n}_{c}" for n in ("teacher", "student") for c in CLASSES)]
    columns += ["predictive_kl", "iou_top1", "iou_top2"]
    with (run / "evaluation" / "per_image.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for name, (label, teacher, student, divergence, *overlaps) in zip(
            ("P0001", "P0002", "P0003"), IMAGES, strict=True
        ):
            answers = [0.8 if c == answer else 0.1 for answer in (teacher, student) for c in range(3)]
            writer.writerow([images / "images" / f"{name}.png", label, *answers, divergence, *overlaps])
    metrics = {"iou_chance": 0.05, "agreement_accuracy": 0.9, "label_f1": float("nan")}
    (run / "evaluation" / "summary.json").write_text(json.dumps({"metrics": metrics}))
    return run


def test_figures_are_those_of_the_images(evaluated):
    figures = measured(open_run(evaluated))
    values = {name: figure["value"] for name, figure in figures.items()}
    assert values == pytest.approx(
        {
            "agreement_accuracy": 2 / 3,
            "label_accuracy": 1 / 2,
            "teacher_label_accuracy": 1,
            "predictive_kl": 0.2,
            "iou_top1": 0.4,
            "iou_top2": 0.6,
            "iou_mean": 0.5,
            "iou_chance": 0.05,
            "agreement_f1": f1_score([0, 1, 2], [0, 0, 2], average="macro"),
            # class 1 is never said; class 2 is neither said nor labelled where labels are known
            "label_f1": f1_score([0, 1], [0, 0], average="macro", zero_division=0),
            "teacher_label_f1": 1,
        }
    )
    counts = {name: figure.get("images") for name, figure in figures.items()}
    assert (counts["agreement_accuracy"], counts["label_accuracy"], counts["iou_mean"]) == (3, 2, 2)
    assert counts["iou_chance"] is None


def test_intervals_draw_patients(evaluated):
    """Of two patients, a draw is one of them twice, or both: the mean agreement is 1/2, 2/3 or 1."""
    figures = measured(open_run(evaluated))
    agreement = figures["agreement_accuracy"]
    assert (agreement["value_low"], agreement["value_high"]) == (0.5, 1)
    assert (figures["iou_top1"]["value_low"], figures["iou_top1"]["value_high"]) == pytest.approx((0.2, 0.6))
    # one patient's F1: of class 0 2/3, of class 1 0; the other's: 1
    assert figures["agreement_f1"]["value_low"] == pytest.approx(1 / 3)
    assert figures["agreement_f1"]["value_high"] == pytest.approx(1)


def test_intervals_draw_images_where_no_patient_is_known(evaluated, images):
    """Of three images, all draws may be the one on which the networks differ."""
    listed = (images / "datalist.json").read_text()
    (images / "datalist.json").write_text(re.sub(r', "patient": "\w+"', "", listed))
    agreement = measured(open_run(evaluated))["agreement_accuracy"]
    assert (agreement["value_low"], agreement["value_high"]) == (0, 1)


def test_of_two_classes_f1_is_that_of_the_second(evaluated, change_settings):
    table = (evaluated / "evaluation" / "per_image.csv").read_text().splitlines()
    (evaluated / "evaluation" / "per_image.csv").write_text("\n".join(table[:3]) + "\n")
    change_settings({"class_names": ["none", "mild"]})
    figures = measured(open_run(evaluated))
    assert figures["agreement_f1"]["value"] == f1_score([0, 1], [0, 0], zero_division=0) == 0
    assert figures["agreement_accuracy"]["value"] == 0.5


def test_without_figures_of_images_there_are_no_intervals(evaluated):
    (evaluated / "evaluation" / "per_image.csv").unlink()
    assert measured(open_run(evaluated)) == {"iou_chance": {"value": 0.05}, "agreement_accuracy": {"value": 0.9}}


def test_without_an_evaluation_nothing_is_measured(run):
    assert measured(open_run(run)) == {}


LABELS = ("effusion", "nodule")
# labels, probabilities of the teacher and of the student
LISTS = [("1 0", (0.9, 0.2), (0.8, 0.6)), ("0 -1", (0.3, 0.7), (0.4, 0.9)), ("", (0.6, 0.1), (0.2, 0.3))]


@pytest.fixture
def labelled(run, images, change_settings) -> Path:
    """The run with an evaluation of labels that hold or not, each for itself."""
    change_settings({"class_names": LABELS, "activation": "sigmoid", "dataset_dir": None})
    with (run / "evaluation" / "per_image.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "label", *(f"{n}_{c}" for n in ("teacher", "student") for c in LABELS)])
        for number, (label, teacher, student) in enumerate(LISTS):
            writer.writerow([f"{number}.png", label, *teacher, *student])
    return run


def test_labels_that_hold_or_not_are_judged_each_for_itself(labelled):
    figures = measured(open_run(labelled))
    values = {name: figure["value"] for name, figure in figures.items()}
    assert values == pytest.approx(
        {
            "agreement_accuracy_effusion": 2 / 3,
            "agreement_accuracy_nodule": 2 / 3,
            "agreement_accuracy": 2 / 3,
            "agreement_f1_effusion": f1_score([1, 0, 1], [1, 0, 0]),
            "agreement_f1_nodule": f1_score([0, 1, 0], [1, 1, 0]),
            "agreement_f1": 2 / 3,
            "label_accuracy_effusion": 1,
            "label_accuracy_nodule": 0,
            "label_accuracy": 1 / 2,
            "label_f1_effusion": 1,
            "label_f1_nodule": 0,
            "label_f1": 1 / 2,
            "teacher_label_accuracy_effusion": 1,
            "teacher_label_accuracy_nodule": 1,
            "teacher_label_accuracy": 1,
            "teacher_label_f1_effusion": 1,
            "teacher_label_f1": 1,
        }
    )
    assert figures["label_accuracy_nodule"]["images"] == 1
    assert figures["label_accuracy"]["images"] == 2
    low, high = (figures["agreement_accuracy"][f"value_{end}"] for end in ("low", "high"))
    # a draw of the second image alone agrees in both labels; of the others alone, in one
    assert (low, high) == (0.5, 1)
