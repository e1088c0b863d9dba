# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import csv
import math
import os
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeGuard

from monai_medtex.utils import atomic_write

__all__ = [
    "Cell",
    "Column",
    "known_columns",
    "markdown_table",
    "table_cells",
    "table_titles",
    "write_csv",
    "write_text",
]

ARROWS = {"higher": "\u00a0↑", "lower": "\u00a0↓", "": ""}  # not to be torn from the last word


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        key: of the number or text in a row. Where the row has the key with the endings ``_low`` and ``_high`` the
            interval is shown beside it, else with ``_std`` the standard deviation.
        title: heading.
        better: which end is the best one; it is then marked.
        digits: after the point.
    """

    key: str
    title: str
    better: Literal["higher", "lower", ""] = ""
    digits: int = 3


class Cell(NamedTuple):
    """A number or name, its interval or deviation, and whether it is the best of its column."""

    text: str
    spread: str = ""
    best: bool = False

    def __str__(self) -> str:
        return f"{self.text} {self.spread}".rstrip()


def known_columns(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> list[Column]:
    """Leave out the columns of which no row knows a value; the first one, which names the rows, stays."""
    cells = {column.key: [row.get(column.key) for row in rows] for column in columns}
    known = [
        column for column in columns[1:] if any(isinstance(cell, str) or _known(cell) for cell in cells[column.key])
    ]
    return [columns[0], *(known or columns[1:])]


def table_titles(columns: Sequence[Column]) -> list[str]:
    """Return the headings, with an arrow towards the better end."""
    return [column.title + ARROWS[column.better] for column in columns]


def table_cells(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> list[list[Cell]]:
    """Lay out rows of raw numbers.

    Args:
        rows: by the columns' keys; NaN or None is an empty cell. A row with ``failed`` shows its first column and, in
            the second one, the reason.
        columns: of the table, the first one holds the row's name.

    Returns:
        the cells; equally good ones, as they are rounded, are all the best.
    """
    best = {column.key: _best(rows, column) for column in columns if column.better}
    return [
        _failed_cells(row, columns) if row.get("failed") else [_cell(row, column, best) for column in columns]
        for row in rows
    ]


def _known(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not math.isnan(value)


def _best(rows: Sequence[Mapping[str, Any]], column: Column) -> float | None:
    values = [round(row[column.key], column.digits) for row in rows if _known(row.get(column.key))]
    if len(values) < 2:
        return None
    return max(values) if column.better == "higher" else min(values)


def _cell(row: Mapping[str, Any], column: Column, best: Mapping[str, float | None]) -> Cell:
    value = row.get(column.key)
    if isinstance(value, str):
        return Cell(value)
    if not _known(value):
        return Cell("")
    if isinstance(value, int):
        return Cell(f"{value:,}")
    return Cell(_rounded(value, column), _spread(row, column), round(value, column.digits) == best.get(column.key))


def _rounded(value: float, column: Column) -> str:
    return f"{round(value, column.digits) + 0.0:.{column.digits}f}"  # no minus before a zero


def _spread(row: Mapping[str, Any], column: Column) -> str:
    low, high, std = (row.get(column.key + ending) for ending in ("_low", "_high", "_std"))
    if _known(low) and _known(high):
        return f"[{_rounded(low, column)}, {_rounded(high, column)}]"
    return f"± {_rounded(std, column)}" if _known(std) else ""


def _failed_cells(row: Mapping[str, Any], columns: Sequence[Column]) -> list[Cell]:
    empty = [Cell("")] * (len(columns) - 2)
    return [Cell(str(row.get(columns[0].key, ""))), Cell(f"failed: {row['failed']}"), *empty]


def markdown_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> str:
    """Write rows as a table of GitHub's Markdown, best cells in bold, first column to the left."""
    lines = [[_escaped(title) for title in table_titles(columns)], ["---", *["---:"] * (len(columns) - 1)]]
    for cells in table_cells(rows, columns):
        lines.append([f"**{_escaped(str(cell))}**" if cell.best else _escaped(str(cell)) for cell in cells])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _escaped(text: str) -> str:
    escapes = {"\\": "\\\\", "|": "\\|", "<": "&lt;", "*": "\\*", "\n": " "}
    return "".join(escapes.get(character, character) for character in text)


def write_text(path: str | os.PathLike, text: str) -> None:
    """Write a text file in one step."""
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_csv(path: str | os.PathLike, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows in one step, a column for every key in order of appearance; NaN and None are empty cells."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    with atomic_write(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows([_csv_cell(row.get(column)) for column in columns] for row in rows)


def _csv_cell(value: object) -> object:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return f"{value:.6g}" if isinstance(value, float) else value
