# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""What model cards have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from monai_medtex.reporting import Column, markdown_table

from .finished_run import FinishedRun
from .measured import Figures

__all__ = ["common_parts", "figure_table"]

COLUMNS = [Column("name", "figure"), Column("value", "value (95 % interval)"), Column("images", "images", digits=0)]
COSTS = [
    Column("name", "network"),
    Column("parameters", "parameters", digits=0),
    Column("macs", "multiply-accumulates", digits=0),
    Column("bytes", "bytes", digits=0),
]
FILES = [Column("name", "file"), Column("bytes", "bytes", digits=0)]
NOTHING = "Not measured."


def common_parts(
    bundle: str,
    run: FinishedRun,
    card: Mapping[str, Any],
    metadata: Mapping[str, Any],
    files: Mapping[str, int],
    limits: Sequence[str],
) -> dict[str, str]:
    """Write the parts of a card that do not depend on what was measured.

    Args:
        bundle: name of the bundle.
        run: the finished run.
        card: texts of whoever packs, see :func:`~monai_medtex.sharing.pack`.
        metadata: of the bundle.
        files: bytes of the models by path in the bundle.
        limits: of every bundle of this kind.
    """
    settings = run.settings
    costs = [{"name": name, **cost} for name, cost in run.summary.get("networks", {}).items()]
    required = {"monai": metadata["monai_version"], "torch": metadata["pytorch_version"]}
    required |= metadata["required_packages_version"]
    return {
        "bundle": bundle,
        "title": metadata["name"],
        "authors": metadata["authors"],
        "version": metadata["version"],
        "description": metadata["description"],
        "data_source": card["data_source"],
        "data_type": card["data_type"],
        "channels": f"{settings['in_channels']} channel{'s' if settings['in_channels'] > 1 else ''}",
        "seen": _seen(run),
        "classes": ", ".join(settings["class_names"]),
        "intervals": _intervals(run),
        "costs": markdown_table(costs, COSTS).strip() if costs else NOTHING,
        "intended_use": metadata["intended_use"],
        "limits": "\n".join(f"- {limit}" for limit in [*limits, *_listed(card.get("limits"))]),
        "packages": ", ".join(f"{name} {version}" for name, version in required.items()),
        "files": markdown_table([{"name": name, "bytes": size} for name, size in files.items()], FILES).strip(),
        "changes": "\n".join(f"- {version}: {change}" for version, change in metadata["changelog"].items()),
        "references": "\n".join(f"- {reference}" for reference in metadata.get("references", [])),
    }


def figure_table(figures: Figures, titles: Mapping[str, str]) -> str:
    """Lay out the figures that are known, in the order of their titles."""
    rows = [{"name": title, **figures[name]} for name, title in titles.items() if name in figures]
    return markdown_table(rows, COLUMNS).strip() if rows else NOTHING


def _listed(texts: str | Sequence[str] | None) -> list[str]:
    return [texts] if isinstance(texts, str) else list(texts or [])


def _seen(run: FinishedRun) -> str:
    if run.window is None:
        return f"images of {run.settings['image_size']} pixels a side"
    return f"windows of {' x '.join(map(str, run.window))} voxels"


def _intervals(run: FinishedRun) -> str:
    if not run.rows:
        return ""
    unit = "patients" if any(entry.get("patient") for entry in run.entries) else "images"
    return f"Intervals are at 95 %, by the bootstrap over {unit} (1,000 draws)."
