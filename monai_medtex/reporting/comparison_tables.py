# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .comparison_rows import Row, percent
from .map_part import MapPart
from .map_scores import MAP_METRICS
from .tables import Column, known_columns, markdown_table, write_csv, write_text

__all__ = ["AGREEMENT_COLUMNS", "MAP_COLUMNS", "by_fraction", "share", "write_tables"]

AGREEMENT_COLUMNS = (
    Column("method", "Method"),
    Column("agreement_accuracy", "Agreement", "higher"),
    Column("agreement_f1", "F1 of agreement", "higher"),
    Column("agreement_kappa", "Kappa", "higher"),
    Column("predictive_kl", "KL (nats)", "lower"),
    Column("label_accuracy", "Label accuracy", "higher"),
    Column("label_ece", "ECE", "lower"),
    Column("parameters", "Parameters"),
    Column("paper_accuracy", "Paper: agreement"),
    Column("paper_f1", "Paper: F1"),
    Column("seeds", "Seeds"),
)
MAP_COLUMNS = (
    Column("method", "Method"),
    *(Column(metric.name, metric.title, "higher" if metric.higher_is_better else "lower") for metric in MAP_METRICS),
    Column("images", "Images"),
    Column("seeds", "Seeds"),
)


def write_tables(
    folder: Path, rows: Sequence[Mapping[str, Any]], agreement: Sequence[Row], parts: Sequence[MapPart]
) -> list[str]:
    """Write the tables that have rows, remove old ones of the others, and name those written."""
    raw = {
        "table1.csv": agreement,
        "maps.csv": [row for part in parts for row in part.rows],
        "pairwise.csv": [row for part in parts for row in part.pairs],
        "per_image.csv": rows,
    }
    texts = {
        "table1.md": _markdown(by_fraction(agreement), AGREEMENT_COLUMNS),
        "maps.md": _markdown({share(part.fraction): part.rows for part in parts if part.rows}, MAP_COLUMNS),
    }
    for name, content in (raw | texts).items():
        if not content:
            (folder / name).unlink(missing_ok=True)
    for name, table_rows in raw.items():
        if table_rows:
            write_csv(folder / name, table_rows)
    for name, text in texts.items():
        if text:
            write_text(folder / name, text)
    return [name for name, content in (raw | texts).items() if content]


def share(fraction: float | None) -> str:
    """Name a fraction."""
    return "Maps that need no training images" if fraction is None else f"{percent(fraction)} of the training images"


def by_fraction(table_rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Return the rows under the name of their fraction."""
    parts: dict[str, list[Row]] = {}
    for row in table_rows:
        parts.setdefault(share(row["fraction"]), []).append(row)
    return parts


def _markdown(parts: Mapping[str, Sequence[Row]], columns: Sequence[Column]) -> str:
    return "\n".join(
        f"### {heading}\n\n{markdown_table(part, known_columns(part, columns))}" for heading, part in parts.items()
    )
