# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0
"""Print mean and standard deviation over seeds of finished runs: ``python seeds_table.py RUNS_FOLDER``."""

from __future__ import annotations

import json
import statistics
import sys
from collections import defaultdict
from pathlib import Path

FIGURES = ("agreement_accuracy", "agreement_f1", "predictive_kl", "label_accuracy", "theta_mean", "training_seconds")


def spread(values: list[float]) -> str:
    """Format mean and sample standard deviation."""
    deviation = statistics.stdev(values) if len(values) > 1 else float("nan")
    digits = 0 if max(values) > 10 else 3
    return f"{statistics.mean(values):.{digits}f} +- {deviation:.{digits}f}"


def main(folder: str) -> None:
    """Group the runs below a folder by name and fraction."""
    groups: dict[tuple[float, str], list[dict[str, float]]] = defaultdict(list)
    for file in sorted(Path(folder).rglob("evaluation/summary.json")):
        summary = json.loads(file.read_text())
        name = file.parent.parent.name.split("_", 2)[2]
        figures = {**summary["metrics"], "training_seconds": summary.get("training_seconds", float("nan"))}
        groups[summary["settings"]["fraction"], name].append(figures)
    print("| fraction | run | seeds |", " | ".join(FIGURES), "|")
    print("| --- " * (3 + len(FIGURES)) + "|")
    for (fraction, name), runs in sorted(groups.items()):
        cells = [spread([run[figure] for run in runs]) for figure in FIGURES]
        print(f"| {fraction} | {name} | {len(runs)} |", " | ".join(cells), "|")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1])
