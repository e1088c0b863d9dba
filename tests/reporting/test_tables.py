# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import csv
import math

from monai_medtex.reporting import Column, markdown_table, write_csv
from monai_medtex.reporting.tables import known_columns, table_cells, table_titles

COLUMNS = (Column("name", "Name"), Column("up", "Up", "higher"), Column("down", "Down", "lower", 1), Column("n", "N"))
ROWS = [
    {"name": "a", "up": 0.12345, "up_std": 0.01, "down": 2.0, "n": 11177538},
    {"name": "b", "up": 0.12349, "up_std": math.nan, "down": 1.0, "down_low": 0.5, "down_high": 1.5, "n": math.nan},
    {"name": "c", "failed": "out of memory"},
    {"name": "d", "up": math.nan, "down": 1.04, "n": 2},
]


def test_numbers_are_rounded_and_the_best_are_marked_as_shown():
    cells = table_cells(ROWS, COLUMNS)
    assert [[str(cell) for cell in line] for line in cells] == [
        ["a", "0.123 ± 0.010", "2.0", "11,177,538"],
        ["b", "0.123", "1.0 [0.5, 1.5]", ""],
        ["c", "failed: out of memory", "", ""],
        ["d", "", "1.0", "2"],
    ]
    assert [[cell.best for cell in line] for line in cells] == [
        [False, True, False, False],
        [False, True, True, False],
        [False, False, False, False],
        [False, False, True, False],
    ]


def test_a_single_number_is_not_the_best():
    assert not table_cells(ROWS[:1], COLUMNS)[0][1].best


def test_headings_have_arrows():
    assert table_titles(COLUMNS) == ["Name", "Up\u00a0↑", "Down\u00a0↓", "N"]


def test_a_small_negative_number_is_no_negative_zero():
    rows = [{"name": "a", "up": -0.0001, "up_low": -0.0004, "up_high": -0.0006}]
    assert str(table_cells(rows, COLUMNS)[0][1]) == "0.000 [0.000, -0.001]"


def test_columns_that_no_row_knows_are_left_out():
    rows = [{"name": "a", "up": math.nan, "n": 1}, {"name": "b", "failed": "x"}]
    assert [column.key for column in known_columns(rows, COLUMNS)] == ["name", "n"]
    assert known_columns(rows[1:], COLUMNS) == list(COLUMNS)


def test_markdown_has_bold_bests_and_escapes_what_would_break_it():
    rows = [{"name": "a|b*<i>", "up": 0.5}, {"name": "c", "up": 0.25}]
    assert markdown_table(rows, COLUMNS[:2]).splitlines() == [
        "| Name | Up\u00a0↑ |",
        "| --- | ---: |",
        "| a\\|b\\*&lt;i> | **0.500** |",
        "| c | 0.250 |",
    ]


def test_csv_has_every_key_and_empty_cells_for_what_is_unknown(tmp_path):
    write_csv(tmp_path / "new" / "t.csv", [{"a": 1 / 3, "b": math.nan}, {"a": 2, "c": "x,y", "b": None}])
    with open(tmp_path / "new" / "t.csv", newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [["a", "b", "c"], ["0.333333", "", ""], ["2", "", "x,y"]]
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["t.csv"]
