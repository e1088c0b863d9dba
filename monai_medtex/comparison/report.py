# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from monai_medtex.data import describe
from monai_medtex.reporting import write_comparison_report
from monai_medtex.utils import versions

from .compare import Comparison
from .figured import compared_images
from .records import is_done, read_result, read_rows

__all__ = ["write_report"]


def write_report(comparison: Comparison, content: Callable[[str], Any], settings: Mapping[str, Any]) -> None:
    """Write the report of what a comparison has recorded so far, into its folder ``report``.

    Args:
        comparison: which has been run.
        content: looks up the bundle's config.
        settings: of the comparison, as they are kept in its folder.
    """
    folder = comparison.folder
    done = [task for task in comparison.tasks if is_done(folder / task.folder)]
    results = {task.method.name: read_result(folder / task.folder) for task in done}
    options = settings["options"]
    data = Path(options.get("dataset_dir") or "synthetic fundus").name
    write_comparison_report(
        folder / "report",
        rows=[row for task in done for row in read_rows(folder / task.folder)],
        samples=compared_images(folder, done, comparison.judge, content),
        methods=list(settings["methods"]),
        failed={(task.method.name, task.fraction, task.seed): why for task, why in comparison.failed.items()},
        about={
            "title": f"Comparison on {data}",
            "parameters": {name: found["parameters"] for name, found in results.items() if "parameters" in found},
            "data": {"name": data, "fingerprint": settings["data"], "images": describe(content("data"))},
            "seeds": settings["seeds"],
            "versions": versions(),
            "configuration": {**settings, "options": {**options, "dataset_dir": data}},
        },
        num_classes=content("num_classes"),
        reference=settings["reference"],
    )
