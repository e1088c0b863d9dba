# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monai_medtex.reporting import has_matplotlib, write_csv, write_html_report
from monai_medtex.utils import atomic_write, versions

from .figures import alarm_figure, curve_figure, faithful_figure, maps_figure, resemblance_figure
from .findings import findings
from .inquiry import REAL, Evidence
from .options import Options
from .page import sections
from .retraining import RETRAININGS
from .subject import Subject

__all__ = ["write_report"]

TITLE = "May this map be trusted?"


def write_report(
    folder: Path, subject: Subject, evidence: Evidence, options: Options, about: Mapping[str, Any]
) -> dict[str, Any]:
    """Write what was found out: ``trust.json``, ``curves.csv``, ``per_image.csv``, figures, and ``index.html`` last.

    Args:
        folder: where to; every file appears in one step.
        subject: the run.
        evidence: of an inquiry.
        options: of the user.
        about: whatever else belongs to the record.

    Returns:
        what ``trust.json`` holds.
    """
    names = [image.name for image in subject.images]
    found = findings(evidence, subject.groups, names, options)
    record = {**found, "options": options.only(*Options.__dataclass_fields__), **about, "versions": versions()}
    with atomic_write(folder / "trust.json") as temporary:
        temporary.write_text(json.dumps(_plain(record), indent=2, default=str) + "\n")
    write_csv(folder / "curves.csv", found["curve"])
    write_csv(folder / "per_image.csv", _image_rows(subject, evidence))
    pictures = _draw(folder, subject, evidence, found) if has_matplotlib else {}
    write_html_report(folder / "index.html", TITLE, sections(found, pictures, record))
    return record


def _draw(folder: Path, subject: Subject, evidence: Evidence, found: Mapping[str, Any]) -> dict[str, bytes]:
    figures = {"curve": curve_figure(found), "alarm": alarm_figure(found), "faithful": faithful_figure(found)}
    for name, must_differ in (("randomised", True), ("repeated", False)):
        if any(row["must_differ"] == must_differ for row in found["retrained"]):
            figures[name] = resemblance_figure(found, must_differ)
    images = sorted(subject.images, key=lambda image: not image.lesion.any())[: len(evidence.maps[REAL])]
    titles = {REAL: "theta", **{name: retraining.title for name, retraining in RETRAININGS.items()}}
    figures["maps"] = maps_figure([image.image for image in images], evidence.maps, titles)
    pictures = {}
    for name, figure in figures.items():
        with atomic_write(folder / f"{name}.png") as temporary:
            figure.savefig(temporary, dpi=130)
        pictures[name] = (folder / f"{name}.png").read_bytes()
    return pictures


def _image_rows(subject: Subject, evidence: Evidence) -> list[dict[str, Any]]:
    rows = []
    for position, (image, answers) in enumerate(zip(subject.images, evidence.answers, strict=True)):
        row: dict[str, Any] = {
            "image": image.name,
            "patient": image.patient,
            "label": image.label if image.label >= 0 else None,
            "teacher_class": answers["teacher"],
            "student_class": answers["student"],
        }
        row |= {f"eval_x {view}": " ".join(map(str, classes)) for view, classes in answers["eval_x"].items()}
        for name, measured in evidence.faithful.items():
            row |= {f"{name}_{measure}": value for measure, value in measured.get(image.name, {}).items()}
        for name, resembling in evidence.retrained.items():
            row |= {f"{name}_{measure}": values[position] for measure, values in resembling.items()}
        rows.append(row)
    return rows


def _plain(content: Any) -> Any:  # noqa: ANN401
    """Write an unknown number as null, since JSON has no NaN."""
    if isinstance(content, Mapping):
        return {key: _plain(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_plain(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content
