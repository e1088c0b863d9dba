# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from monai_medtex.metrics import PAPER_KS
from monai_medtex.utils import InputError

__all__ = [
    "Failed",
    "Row",
    "failure",
    "fractions",
    "mean_and_std",
    "number",
    "of_method",
    "parse_rows",
    "percent",
    "seeds",
]

Failed = Mapping[tuple[str, float | None, int | None], str]
Row = dict[str, Any]

TEXTS = ("method", "image", "patient")
IOU_COLUMNS = tuple(f"iou_top{k}" for k in PAPER_KS)


def number(value: object) -> float:
    """Read a cell: NaN where it is empty, None or NaN.

    Raises:
        InputError: when the cell holds something else than a number.
    """
    if value is None or value == "":
        return math.nan
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise InputError(f"rows hold {value!r} where a number belongs") from None


def parse_rows(rows: Iterable[Mapping[str, Any]], methods: Collection[str]) -> list[Row]:
    """Turn the cells of a long table into texts and numbers.

    Args:
        rows: as read from CSV, or with numbers.
        methods: the methods that are known.

    Returns:
        rows whose fraction is a float or None, whose seed is an int or None, and whose other cells are floats, NaN
        where unknown, except ``method``, ``image`` and ``patient``; ``iou_mean`` is the mean over k.

    Raises:
        InputError: when a row names another method, or a cell holds no number.
    """
    parsed = [_parse(row) for row in rows]
    unknown = sorted({row["method"] for row in parsed} - set(methods))
    if unknown:
        raise InputError(f"rows name the method {unknown[0]!r}, which is not in methods: {', '.join(methods)}")
    return parsed


def _parse(row: Mapping[str, Any]) -> Row:
    parsed: Row = {name: str(row.get(name) or "") for name in TEXTS}
    parsed |= {name: number(value) for name, value in row.items() if name not in TEXTS}
    fraction, seed = parsed.get("fraction", math.nan), parsed.get("seed", math.nan)
    parsed["fraction"] = None if math.isnan(fraction) else fraction
    parsed["seed"] = None if math.isnan(seed) else int(seed)
    parsed["iou_mean"] = sum(parsed.get(name, math.nan) for name in IOU_COLUMNS) / len(IOU_COLUMNS)
    return parsed


def of_method(rows: Iterable[Row], method: str, fraction: float | None) -> list[Row]:
    """Return the rows of a method, with this fraction or with none."""
    return [row for row in rows if row["method"] == method and row["fraction"] in (fraction, None)]


def fractions(rows: Iterable[Row]) -> list[float]:
    """Return the fractions that occur, lowest first."""
    return sorted({row["fraction"] for row in rows} - {None})


def seeds(rows: Iterable[Row]) -> list[int | None]:
    """Return the seeds that occur, lowest first."""
    return sorted({row["seed"] for row in rows}, key=lambda seed: -1 if seed is None else seed)


def failure(failed: Failed, method: str, fraction: float | None) -> str:
    """Return why a method failed with this fraction or at all, empty if it did not; each reason once."""
    reasons = [reason for (name, share, _), reason in failed.items() if name == method and share in (fraction, None)]
    return "; ".join(dict.fromkeys(reasons))


def percent(share: float, digits: int = 0) -> str:
    """Write a share as 25 %."""
    return f"{100 * share:.{digits}f} %"


def mean_and_std(values: Sequence[float]) -> tuple[float, float]:
    """Mean and standard deviation (n - 1) of the values that are known; NaN for fewer than one and two of them."""
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return math.nan, math.nan
    mean = sum(known) / len(known)
    if len(known) < 2:
        return mean, math.nan
    return mean, math.sqrt(sum((value - mean) ** 2 for value in known) / (len(known) - 1))
