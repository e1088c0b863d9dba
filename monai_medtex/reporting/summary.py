# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import csv
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monai_medtex.utils import atomic_write

__all__ = ["cautions", "left_out", "write_summary"]


def left_out(metrics: Mapping[str, float]) -> list[str]:
    """Say in one line each what the images lack for some figures."""
    lines = []
    if metrics.get("label_count") == 0:
        lines.append("no image has a label: accuracy against labels is left out")
    if metrics.get("lesion_images") == 0:
        lines.append("no image has a lesion mask: IoU at top K is left out")
    return lines


def cautions(metrics: Mapping[str, float]) -> list[str]:
    """Say in one line each what no figure should be read without."""
    if metrics.get("agreement_count") and not metrics.get("agreement_kappa", 0.0) > 0:
        return ["agreement is no better than that of two constant answers (kappa is 0 or less): it tells nothing"]
    return []


def write_summary(folder: str | os.PathLike, metrics: Mapping[str, float], about: Mapping[str, Any]) -> dict[str, Any]:
    """Write ``summary.json`` and ``summary.csv``.

    Args:
        folder: where to.
        metrics: figures by name; one that is NaN is left out.
        about: what else belongs into the JSON, such as settings and the networks' costs.

    Returns:
        what the JSON holds.
    """
    known = {name: value for name, value in metrics.items() if not math.isnan(value)}
    summary = {"metrics": known, "left_out": left_out(metrics), "cautions": cautions(metrics), **about}
    with atomic_write(Path(folder) / "summary.json") as temporary:
        temporary.write_text(json.dumps(summary, indent=2, default=str) + "\n")
    with atomic_write(Path(folder) / "summary.csv") as temporary, open(temporary, "w", newline="") as file:
        csv.writer(file).writerows([("metric", "value"), *known.items()])
    return summary
