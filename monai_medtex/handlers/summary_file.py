# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from typing import Any

from ignite.engine import Events
from monai.engines import Workflow

from monai_medtex.reporting import write_summary

__all__ = ["SummaryFile"]

logger = logging.getLogger("monai_medtex")


class SummaryFile:
    """Write an evaluation's figures as JSON and CSV, and the main ones into the log.

    Args:
        folder: where to.
        shown: which figures the log shows.
        about: what else belongs into the JSON.
    """

    def __init__(self, folder: str | os.PathLike, shown: Sequence[str], about: Mapping[str, Any]) -> None:
        self.folder = folder
        self.shown = tuple(shown)
        self.about = about

    def attach(self, engine: Workflow) -> None:
        """Write when the evaluation is done."""
        engine.add_event_handler(Events.COMPLETED, self)

    def __call__(self, engine: Workflow) -> None:
        """Write the files."""
        metrics = {
            name: float(value) for name, value in engine.state.metrics.items() if isinstance(value, (int, float))
        }
        summary = write_summary(self.folder, metrics, self.about)
        known = summary["metrics"]
        figures = "  ".join(f"{name} {known[name]:.4f}" for name in self.shown if name in known)
        logger.info("evaluation: %s", figures)
        for line in summary["left_out"]:
            logger.info("%s", line)
        for line in summary["cautions"]:
            logger.warning("%s", line)
        logger.info("results are in %s", self.folder)
