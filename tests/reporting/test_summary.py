# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import pytest

from monai_medtex.reporting import cautions, left_out, write_summary

NO_LABEL = "no image has a label: accuracy against labels is left out"
NO_SKILL = "agreement is no better than that of two constant answers (kappa is 0 or less): it tells nothing"
NO_LESION = "no image has a lesion mask: IoU at top K is left out"


@pytest.mark.parametrize(
    ("metrics", "expected"),
    [
        ({"label_count": 3, "lesion_images": 2}, []),
        ({"label_count": 0, "lesion_images": 2}, [NO_LABEL]),
        ({"label_count": 3.0, "lesion_images": 0.0}, [NO_LESION]),
        ({"label_count": 0, "lesion_images": 0}, [NO_LABEL, NO_LESION]),
        ({"agreement_accuracy": 0.5}, []),  # an evaluation that asks for neither
    ],
)
def test_what_the_images_lack_is_said(metrics, expected):
    assert left_out(metrics) == expected


@pytest.mark.parametrize(
    ("metrics", "expected"),
    [
        ({"agreement_count": 4.0, "agreement_kappa": 0.25}, []),
        ({"agreement_count": 4.0, "agreement_kappa": 0.0}, [NO_SKILL]),
        ({"agreement_count": 4.0, "agreement_kappa": math.nan}, [NO_SKILL]),  # both always give one and the same class
        ({"agreement_accuracy": 0.5}, []),  # an evaluation without kappa
    ],
)
def test_agreement_by_chance_is_cautioned_against(metrics, expected):
    assert cautions(metrics) == expected


def test_json_and_csv_hold_what_is_known(tmp_path):
    metrics = {"agreement_accuracy": 0.875, "iou_mean": math.nan, "lesion_images": 0.0, "predictive_kl": 1e-7}
    about = {"settings": {"seed": 3}, "folder": Path("runs") / "1"}
    summary = write_summary(tmp_path / "new", metrics, about)
    known = {"agreement_accuracy": 0.875, "lesion_images": 0.0, "predictive_kl": 1e-7}
    expected = {"metrics": known, "left_out": [NO_LESION], "cautions": [], "settings": {"seed": 3}, "folder": "runs/1"}
    assert json.loads((tmp_path / "new" / "summary.json").read_text()) == expected
    assert summary == expected | {"folder": Path("runs/1")}
    with open(tmp_path / "new" / "summary.csv", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["metric", "value"]
    assert {name: float(value) for name, value in rows} == known
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["summary.csv", "summary.json"]


def test_a_summary_replaces_the_last_one(tmp_path):
    write_summary(tmp_path, {"a": 1.0, "b": 2.0}, {})
    write_summary(tmp_path, {"a": 3.0}, {})
    expected = {"metrics": {"a": 3.0}, "left_out": [], "cautions": []}
    assert json.loads((tmp_path / "summary.json").read_text()) == expected
    assert (tmp_path / "summary.csv").read_text().split() == ["metric,value", "a,3.0"]
