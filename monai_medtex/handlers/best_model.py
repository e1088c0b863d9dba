# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import os

from ignite.engine import Events
from monai.engines import Workflow
from torch import nn

from monai_medtex.utils import save_tensors

__all__ = ["BestModel"]

NOT_VALIDATED = -1  # what MONAI's evaluator starts with


class BestModel:
    """Save a network's bare state dict whenever its validation is the best so far.

    Before the first validation, and where there is none at all, the last epoch counts as the best. The best score
    lives in the evaluator, so a resumed run does not replace the best model by a worse one.

    Args:
        network: the network to save, not wrapped for distributed training.
        path: of the file; it is replaced in one step, so it is whole at any moment.
        evaluator: which keeps ``best_metric_epoch``; None where there is nothing to validate on.
    """

    def __init__(self, network: nn.Module, path: str | os.PathLike, evaluator: Workflow | None = None) -> None:
        self.network = network
        self.path = path
        self.evaluator = evaluator

    def attach(self, engine: Workflow) -> None:
        """Save after an epoch; attach it behind the validation."""
        engine.add_event_handler(Events.EPOCH_COMPLETED, self)

    def __call__(self, engine: Workflow) -> None:
        """Save, if this epoch is the best."""
        if self.evaluator is None or self.evaluator.state.best_metric_epoch in (engine.state.epoch, NOT_VALIDATED):
            save_tensors(self.network.state_dict(), self.path)
