# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0
"""One report of several comparisons of the same methods, such as those of the folds of a cross-validation.

``python pool.py REFERENCE REPORT_FOLDER COMPARISON_FOLDER...`` tests REFERENCE against the other methods.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from monai_medtex.reporting import write_comparison_report


def main(reference: str, report: str, *comparisons: str) -> None:
    """Read the finished tasks' rows, and write the tables and the page."""
    rows: list[dict[str, str]] = []
    for comparison in comparisons:
        for file in sorted(Path(comparison, "runs").rglob("per_image.csv")):
            if (file.parent / "result.json").is_file():
                with file.open(newline="") as lines:
                    rows.extend(csv.DictReader(lines))
    methods = list(dict.fromkeys(row["method"] for row in rows))
    write_comparison_report(report, rows, [], methods, {}, {}, reference=reference)


if __name__ == "__main__":
    main(*sys.argv[1:])
