# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json
from pathlib import Path

from monai_medtex.utils import InputError, file_digest

from .exports import export_files

__all__ = ["refuse_stale_exports"]


def refuse_stale_exports(run_dir: Path, model: Path) -> None:
    """Refuse exports of other weights than those that are packed.

    What ``export.json`` knows is judged by its digests, and so wherever the run was copied to; any other file by its
    time: it must not be older than the weights.

    Args:
        run_dir: of the run.
        model: its weights.

    Raises:
        InputError: with the export, and what to do.
    """
    for path in export_files(run_dir):
        if _is_stale(path, model):
            raise InputError(
                f"pack: {path.name} was exported before {model.name} was written, or from other weights; export again "
                f"(python -m monai.bundle run export --config_file export.json --run_dir {run_dir}), or remove it"
            )


def _is_stale(path: Path, model: Path) -> bool:
    report = path.with_name("export.json")
    known = json.loads(report.read_text()) if report.is_file() else {}
    if known.get("files", {}).get(path.name, {}).get("sha256") == file_digest(path):
        return known["weights_sha256"] != file_digest(model)
    return path.stat().st_mtime < model.stat().st_mtime
