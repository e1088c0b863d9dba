# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math

import pytest

from monai_medtex.reporting import PAPER_TABLE_1, agreement_table, parse_rows


def rows(method, fraction, seed, classes, **figures):
    """A row per image; classes are triples of student, teacher and label."""
    return [
        {"method": method, "fraction": fraction, "seed": seed, "image": str(index), "student_class": student}
        | {"teacher_class": teacher, "label": label, **figures}
        for index, (student, teacher, label) in enumerate(classes)
    ]


def table(raw, methods, failed=None, parameters=None, **options):
    return agreement_table(parse_rows(raw, methods), methods, failed or {}, parameters or {}, **options)


FIRST = [(1, 1, 1), (1, 1, 0), (0, 1, 1), (0, 0, "")]  # against the teacher: 3 of 4; true positives 2, one missed
SECOND = [(1, 1, 1), (1, 1, 0), (1, 1, 1), (0, 0, "")]  # all 4


def test_means_and_deviations_over_seeds_by_hand():
    raw = rows("A", 0.25, 0, FIRST, student_confidence=0.9, predictive_kl=0.1)
    raw += rows("A", 0.25, 1, SECOND, student_confidence=0.9, predictive_kl=0.3)
    (row,) = table(raw, ["A"], parameters={"A": 17})
    assert (row["method"], row["fraction"], row["seeds"], row["parameters"]) == ("A", 0.25, 2, 17)
    assert (row["images"], row["labelled"]) == (4, 3)
    assert row["agreement_accuracy"] == pytest.approx((0.75 + 1) / 2)
    assert row["agreement_accuracy_std"] == pytest.approx(0.25 / math.sqrt(2))
    assert row["agreement_f1"] == pytest.approx((2 * 2 / (2 * 2 + 1) + 1) / 2)
    assert row["predictive_kl"] == pytest.approx(0.2)
    assert row["label_accuracy"] == pytest.approx((1 / 3 + 2 / 3) / 2)  # the last image has no label
    assert row["teacher_accuracy"] == pytest.approx((2 / 3 + 2 / 3) / 2)
    assert row["label_ece"] == pytest.approx((abs(1 / 3 - 0.9) + abs(2 / 3 - 0.9)) / 2)  # all in one bin
    assert math.isnan(row["paper_accuracy"])


def test_one_seed_has_no_deviation_and_unknown_labels_no_figures():
    (row,) = table(rows("A", 0.5, 0, [(1, 1, ""), (0, 0, "")]), ["A"])
    assert row["agreement_accuracy"] == 1
    assert all(
        math.isnan(row[name]) for name in ("agreement_accuracy_std", "label_accuracy", "label_ece", "parameters")
    )


def test_more_classes_have_the_macro_f1():
    # per class: 2 * 1 / (1 + 2), 2 * 1 / (2 + 1), 1 / 1
    (row,) = table(rows("A", 0.5, 0, [(0, 0, ""), (0, 1, ""), (1, 1, ""), (2, 2, "")]), ["A"], num_classes=3)
    assert row["agreement_f1"] == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)


def test_the_order_is_fraction_then_method_and_the_papers_figures_stand_beside():
    raw = [row for share in (0.5, 0.25) for name in ("MED-EX", "MED-TEX") for row in rows(name, share, 0, FIRST)]
    got = table(raw, ["MED-TEX", "MED-EX"])
    assert [(row["fraction"], row["method"]) for row in got] == [
        (0.25, "MED-TEX"),
        (0.25, "MED-EX"),
        (0.5, "MED-TEX"),
        (0.5, "MED-EX"),
    ]
    assert [row["paper_accuracy"] for row in got] == [0.915, 0.908, 0.955, 0.938]
    assert [row["paper_f1"] for row in got] == [0.933, 0.925, 0.964, 0.950]


def test_the_papers_table_has_its_order():
    best = {
        share: max(PAPER_TABLE_1, key=lambda key: PAPER_TABLE_1[key] if key[1] == share else (0, 0))
        for share in (0.25, 0.5)
    }
    assert best == {0.25: ("MED-TEX", 0.25), 0.5: ("MED-TEX", 0.5)}
    assert len(PAPER_TABLE_1) == 10


def test_maps_without_student_have_no_row_and_failures_have_their_reason():
    raw = [{"method": "CAM", "fraction": "", "seed": 0, "image": "x", "hit": 1}]
    raw += rows("A", 0.25, 1, FIRST)
    failed = {("B", 0.25, 0): "NaN", ("B", 0.25, 1): "NaN", ("A", 0.25, 0): "killed", ("CAM", None, None): "no"}
    got = table(raw, ["B", "A", "CAM"], failed)
    assert got[0] == {"fraction": 0.25, "method": "B", "failed": "NaN"}
    assert [row["method"] for row in got] == ["B", "A"]
    assert got[1]["seeds"] == 1
