# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ignite.distributed as idist
from ignite.engine import Events
from monai.engines import Workflow

from monai_medtex.networks import load_checkpoint
from monai_medtex.utils import save_tensors

__all__ = ["RunCheckpoint"]


class RunCheckpoint:
    """Keep all that a run needs to go on after it was killed, and go on from it when it starts.

    With :class:`EpochSeed` the resumed run ends with the same weights, bit by bit, as one that was never stopped.

    Args:
        path: of the file; it is replaced in one step, so it is whole at any moment.
        objects: what has a ``state_dict``: the network, the optimizer, the log of epochs, ...
        evaluator: whose best score is kept; None where there is nothing to validate on.
    """

    def __init__(self, path: str | os.PathLike, objects: Mapping[str, Any], evaluator: Workflow | None = None) -> None:
        self.path = Path(path)
        self.objects = dict(objects)
        self.evaluator = evaluator

    def attach(self, engine: Workflow) -> None:
        """Load when the run starts, save after every epoch; attach it as the last handler."""
        engine.add_event_handler(Events.STARTED, self.load)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self.save)

    def load(self, engine: Workflow) -> None:
        """Restore the state after the last whole epoch, if there is one."""
        if not self.path.is_file():
            return
        checkpoint = load_checkpoint(self.path, "resume")
        for name, item in self.objects.items():
            item.load_state_dict(checkpoint[name])
        engine.state.epoch = checkpoint["epoch"]
        engine.state.iteration = checkpoint["epoch"] * engine.state.epoch_length
        if self.evaluator is not None:
            self.evaluator.state.best_metric = checkpoint["best_metric"]
            self.evaluator.state.best_metric_epoch = checkpoint["best_metric_epoch"]

    def save(self, engine: Workflow) -> None:
        """Save the state after an epoch."""
        if idist.get_rank() > 0:
            return
        checkpoint = {name: item.state_dict() for name, item in self.objects.items()}
        checkpoint["epoch"] = engine.state.epoch
        if self.evaluator is not None:
            checkpoint["best_metric"] = float(self.evaluator.state.best_metric)
            checkpoint["best_metric_epoch"] = self.evaluator.state.best_metric_epoch
        save_tensors(checkpoint, self.path)
