# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from monai.bundle import ConfigWorkflow

from monai_medtex.utils import InputError

__all__ = ["config_folder", "finished_run", "open_workflow"]


def config_folder(bundle_root: str | os.PathLike) -> Path:
    """Find the folder that holds the bundle's ``train.json``.

    Args:
        bundle_root: as in the config. It need not be right: MONAI puts the folder of a bundle that it runs on
            ``sys.path``, which is looked at next.

    Raises:
        InputError: When there is none.
    """
    for root in (bundle_root, *sys.path):
        for folder in (Path(root, "configs"), Path(root)):
            if (folder / "train.json").is_file():
                return folder.absolute()
    raise InputError(f"bundle_root: there is no configs/train.json in {bundle_root}")


def open_workflow(folder: Path, configs: Sequence[str], run_id: str, **override: Any) -> ConfigWorkflow:  # noqa: ANN401
    """Open a run of the bundle in this process, as ``python -m monai.bundle run`` does.

    Args:
        folder: of the config files.
        configs: names of the files, in the order of the command line.
        run_id: what to run.
        override: options of the command line.

    Raises:
        InputError: When a file is missing.
    """
    for name in configs:
        if not (folder / name).is_file():
            raise InputError(f"configs: there is no file {folder / name}")
    with _without_warnings(logging.getLogger("monai.bundle.workflows")):
        workflow = ConfigWorkflow(
            config_file=[str(folder / name) for name in configs], run_id=run_id, logging_file=False, **override
        )
    workflow.initialize()
    return workflow


@contextmanager
def _without_warnings(log: logging.Logger) -> Iterator[None]:
    """MONAI warns of every config in a subfolder, and that its logging is left as it is."""
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)


def finished_run(folder: Path) -> Path | None:
    """Return the run below ``folder`` that is over, if there is one."""
    return next((path.parent for path in sorted(folder.glob("*/finished"))), None)
