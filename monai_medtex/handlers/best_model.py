# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import os

import torch
from ignite.engine import Engine, Events
from torch import nn

from monai_medtex.utils import atomic_write

__all__ = ["BestModel"]


class BestModel:
    """Save a network's bare state dict whenever its validation is the best so far, or after every epoch without one.

    The best score lives in the evaluator, so a resumed run does not replace the best model by a worse one.

    Args:
        network: the network to save, not wrapped for distributed training.
        path: of the file; it is replaced in one step, so it is whole at any moment.
        evaluator: which keeps ``best_metric_epoch``; None where there is nothing to validate on.
    """

    def __init__(self, network: nn.Module, path: str | os.PathLike, evaluator: Engine | None = None) -> None:
        self.network = network
        self.path = path
        self.evaluator = evaluator

    def attach(self, engine: Engine) -> None:
        """Save after an epoch; attach it behind the validation."""
        engine.add_event_handler(Events.EPOCH_COMPLETED, self)

    def __call__(self, engine: Engine) -> None:
        """Save, if this epoch is the best."""
        if self.evaluator is None or self.evaluator.state.best_metric_epoch == engine.state.epoch:
            with atomic_write(self.path) as temporary:
                torch.save(self.network.state_dict(), temporary)
