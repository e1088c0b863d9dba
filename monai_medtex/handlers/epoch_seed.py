# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import ignite.distributed as idist
from ignite.engine import Events
from monai.data import DataLoader
from monai.data.utils import set_rnd
from monai.engines import Workflow
from monai.utils import set_determinism

__all__ = ["EpochSeed"]


class EpochSeed:
    """Seed every epoch by its number, so that it runs the same in one go and after a resume.

    Data order, augmentation and every other random draw of an epoch depend on ``seed``, the epoch and the process
    alone; no random state has to be saved.

    Args:
        seed: of the whole run.
        data_loader: whose random transforms are seeded.
    """

    def __init__(self, seed: int, data_loader: DataLoader) -> None:
        self.seed = seed
        self.data_loader = data_loader

    def attach(self, engine: Workflow) -> None:
        """Seed when an epoch starts, before its first batch is drawn."""
        engine.add_event_handler(Events.EPOCH_STARTED, self)

    def __call__(self, engine: Workflow) -> None:
        """Seed torch, numpy, random and the transforms."""
        seed = (self.seed * 1_000_003 + engine.state.epoch * 1_009 + idist.get_rank()) % 2**32
        set_determinism(seed)
        set_rnd(self.data_loader.dataset, seed)
