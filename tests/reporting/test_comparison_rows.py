# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math

import pytest

from monai_medtex.reporting import parse_rows
from monai_medtex.reporting.comparison_rows import failure, fractions, mean_and_std, number, of_method, percent, seeds
from monai_medtex.utils import InputError


@pytest.mark.parametrize(("cell", "value"), [("0.25", 0.25), (3, 3.0), (True, 1.0), ("1e-3", 0.001), ("-2", -2.0)])
def test_a_cell_is_a_number(cell, value):
    assert number(cell) == value


@pytest.mark.parametrize("cell", ["", None, math.nan, "nan"])
def test_an_empty_cell_is_nan(cell):
    assert math.isnan(number(cell))


@pytest.mark.parametrize("cell", ["high", [1]])
def test_another_cell_is_refused_in_one_line(cell):
    with pytest.raises(InputError, match="rows hold .* where a number belongs"):
        number(cell)


def test_rows_of_csv_become_texts_and_numbers():
    texts = {"method": "A", "image": "7", "patient": "", "fraction": "0.25", "seed": "2", "hit": "1", "road": ""}
    (row,) = parse_rows([texts | {f"iou_top{k}": str(k / 10) for k in range(1, 7)}], ["A"])
    assert (row["image"], row["patient"], row["fraction"], row["seed"], row["hit"]) == ("7", "", 0.25, 2, 1.0)
    assert math.isnan(row["road"])
    assert row["iou_mean"] == pytest.approx(0.35)  # mean of 0.1 to 0.6


def test_an_unknown_iou_a_fraction_or_a_seed_stays_unknown():
    (row,) = parse_rows([{"method": "A", "image": "x", "fraction": "", "seed": "", "iou_top1": "0.5"}], ["A"])
    assert (row["fraction"], row["seed"]) == (None, None)
    assert math.isnan(row["iou_mean"])


def test_a_method_that_is_not_listed_is_refused():
    with pytest.raises(InputError, match="method 'B', which is not in methods: A, C"):
        parse_rows([{"method": "A"}, {"method": "B"}], ["A", "C"])


def test_rows_without_fraction_belong_to_every_fraction():
    rows = parse_rows([{"method": "A", "fraction": share, "seed": 1} for share in (0.5, 0.25, "")], ["A"])
    assert fractions(rows) == [0.25, 0.5]
    assert [row["fraction"] for row in of_method(rows, "A", 0.25)] == [0.25, None]
    assert seeds(parse_rows([{"method": "A", "seed": seed} for seed in (3, "", 1, 3)], ["A"])) == [None, 1, 3]


def test_each_reason_of_a_failure_is_given_once():
    failed = {("A", 0.25, 0): "x", ("A", 0.25, 1): "x", ("A", None, None): "y", ("A", 0.5, 0): "z", ("B", 0.25, 0): "w"}
    assert failure(failed, "A", 0.25) == "x; y"
    assert failure(failed, "C", 0.25) == ""


def test_mean_and_deviation_of_what_is_known_by_hand():
    assert mean_and_std([1.0, math.nan, 3.0]) == pytest.approx((2.0, math.sqrt(2)))
    assert mean_and_std([5.0])[0] == 5.0
    assert math.isnan(mean_and_std([5.0])[1])
    assert all(math.isnan(figure) for figure in mean_and_std([math.nan]))


def test_a_share_in_percent():
    assert (percent(0.25), percent(0.9149, 1)) == ("25 %", "91.5 %")
