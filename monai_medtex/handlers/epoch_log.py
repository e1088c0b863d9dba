# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import csv
import logging
import math
import os
import time
from collections.abc import Mapping, Sequence

import ignite.distributed as idist
from ignite.engine import Events
from monai.engines import Workflow

from monai_medtex.utils import atomic_write

__all__ = ["EpochLog"]

logger = logging.getLogger("monai_medtex")


class EpochLog:
    """Write one row of a CSV and one line of the log per epoch, with the training's and the validation's figures.

    The rows are part of a run's checkpoint, so that a resumed run's file is whole.

    Args:
        path: of the CSV, replaced after every epoch.
        title: starts each line of the log.
        shown: which figures the line shows; the file has all.
        evaluator: the validation's engine, if there is one; its figures get the prefix ``val_``, and an epoch without
            validation has none.
    """

    def __init__(
        self, path: str | os.PathLike, title: str, shown: Sequence[str], evaluator: Workflow | None = None
    ) -> None:
        self.path = path
        self.title = title
        self.shown = tuple(shown)
        self.evaluator = evaluator
        self.rows: list[dict[str, float]] = []
        self._started = 0.0

    def attach(self, engine: Workflow) -> None:
        """Write after an epoch; attach it behind the validation and before :class:`RunCheckpoint`."""
        engine.add_event_handler(Events.EPOCH_STARTED, self.start)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self)

    def state_dict(self) -> dict[str, list]:
        """Return the rows."""
        return {"rows": self.rows}

    def load_state_dict(self, state: Mapping[str, list]) -> None:
        """Restore the rows."""
        self.rows = list(state["rows"])

    def start(self, engine: Workflow) -> None:  # noqa: ARG002
        """Note the time."""
        self._started = time.perf_counter()

    def __call__(self, engine: Workflow) -> None:
        """Add an epoch."""
        row: dict[str, float] = {"epoch": engine.state.epoch, **_scalars(engine.state.metrics)}
        if self.evaluator is not None and self.evaluator.state.epoch == engine.state.epoch:
            row |= {f"val_{name}": value for name, value in _scalars(self.evaluator.state.metrics).items()}
        row["seconds"] = time.perf_counter() - self._started
        self.rows.append(row)
        if idist.get_rank() == 0:
            self._write()
            self._say(row, engine.state.max_epochs)

    def _write(self) -> None:
        names = list(dict.fromkeys(name for row in self.rows for name in row))
        with atomic_write(self.path) as temporary, open(temporary, "w", newline="") as file:
            writer = csv.DictWriter(file, names)
            writer.writeheader()
            writer.writerows(self.rows)

    def _say(self, row: Mapping[str, float], epochs: int) -> None:
        known = [name for name in self.shown if not math.isnan(row.get(name, math.nan))]
        figures = "  ".join(f"{name} {row[name]:.4f}" for name in known)
        recent = [past["seconds"] for past in self.rows[-5:]]
        left = (epochs - row["epoch"]) * sum(recent) / len(recent)
        logger.info(
            "%s: epoch %d/%d  %s  (%.1f s, %.0f s left)", self.title, row["epoch"], epochs, figures, recent[-1], left
        )


def _scalars(metrics: Mapping[str, object]) -> dict[str, float]:
    return {name: float(value) for name, value in metrics.items() if isinstance(value, (int, float))}
