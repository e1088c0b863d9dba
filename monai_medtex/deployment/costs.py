# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""What the networks and their files cost, as a table in a bundle's README."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from monai_medtex.networks import ExplainedClassifier
from monai_medtex.reporting import Column, complexity, markdown_table
from monai_medtex.utils import InputError, atomic_write, read_settings

__all__ = ["costs_section", "network_costs", "teacher_costs", "write_costs"]

BEGIN, END = "<!-- costs: written by the run 'export' -->", "<!-- /costs -->"
_NETWORKS = {"teacher": "teacher", "student": "student", "explainer": "explainer", "deployed": "deployed pair"}


def network_costs(network: ExplainedClassifier, image_shape: Sequence[int]) -> dict[str, dict[str, int]]:
    """Count what student, explainer and the deployed pair cost; see :func:`~monai_medtex.reporting.complexity`."""
    parts = {"student": network.student, "explainer": network.explainer, "deployed": network}
    return {name: complexity(part, image_shape) for name, part in parts.items()}


def teacher_costs(run_dir: str | os.PathLike) -> dict[str, int]:
    """Look up what the teacher of a run costs.

    Args:
        run_dir: folder of a run.

    Returns:
        what the run's evaluation says of the teacher, with ``file_bytes`` where its file still is where it was; empty
        where nothing is known.
    """
    file = Path(run_dir) / "evaluation" / "summary.json"
    known = json.loads(file.read_text()).get("networks", {}).get("teacher", {}) if file.is_file() else {}
    weights = Path(str(read_settings(run_dir).get("teacher_ckpt") or ""))
    return {**known, "file_bytes": weights.stat().st_size} if known and weights.is_file() else dict(known)


def costs_section(report: Mapping[str, Any]) -> str:
    """Lay out a report of :func:`~monai_medtex.deployment.export_pair` as two tables of Markdown."""
    shape = " x ".join(map(str, report["image_shape"]))
    networks = [
        {"name": title, **report["networks"][key]} for key, title in _NETWORKS.items() if key in report["networks"]
    ]
    files = [
        {
            "name": f"`{name}`",
            "outputs": ", ".join(entry["outputs"]),
            "bytes": entry["bytes"],
            "difference": f"{max(entry['largest_difference'].values()):.1e}",
        }
        for name, entry in report["files"].items()
    ]
    columns = [
        Column("name", "network"),
        Column("parameters", "parameters"),
        Column("macs", f"multiply-accumulates at {shape}"),
        Column("bytes", "weights, bytes"),
        Column("file_bytes", "file, bytes"),
    ]
    known = [column for column in columns if any(column.key in row for row in networks)]
    exports = [
        Column("name", "file"),
        Column("outputs", "gives"),
        Column("bytes", "bytes"),
        Column("difference", f"largest difference from PyTorch on {report['images']} {report['source']} images"),
    ]
    return f"{markdown_table(networks, known)}\n{markdown_table(files, exports)}"


def write_costs(readme: str | os.PathLike, report: Mapping[str, Any]) -> None:
    """Write the tables between the marks in a README; add a section ``Costs`` where there are no marks.

    Args:
        readme: a file of Markdown.
        report: of :func:`~monai_medtex.deployment.export_pair`.

    Raises:
        InputError: When there is no such file.
    """
    path = Path(readme)
    if not path.is_file():
        raise InputError(f"readme: there is no file {readme}")
    text, section = path.read_text(encoding="utf-8"), f"{BEGIN}\n{costs_section(report)}{END}"
    if BEGIN in text and END in text:
        text = re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: section, text, count=1, flags=re.DOTALL)
    else:
        text = f"{text.rstrip()}\n\n## Costs\n\n{section}\n"
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
