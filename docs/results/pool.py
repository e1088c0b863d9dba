# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0
"""One report of several comparisons, such as those of the folds of a cross-validation.

``python pool.py REFERENCE REPORT_FOLDER COMPARISON_FOLDER...`` tests REFERENCE against the other methods. A method that
was not run on every image is left out, so that all are judged on the same.
"""

from __future__ import annotations

import sys
from pathlib import Path

from monai_medtex.comparison.records import RESULT, read_rows
from monai_medtex.reporting import write_comparison_report


def main(reference: str, report: str, *comparisons: str) -> None:
    """Read the finished tasks' rows, and write the tables and the page."""
    rows: list[dict[str, str]] = []
    for comparison in comparisons:
        for finished in sorted(Path(comparison, "runs").rglob(RESULT)):
            rows += read_rows(finished.parent)
    images: dict[str, set[tuple[str, str]]] = {}
    for row in rows:
        images.setdefault(row["method"], set()).add((row["seed"], row["image"]))
    everywhere = [method for method, seen in images.items() if seen == set.union(*images.values())]
    kept = [row for row in rows if row["method"] in everywhere]
    write_comparison_report(report, kept, [], everywhere, {}, {}, reference=reference)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
