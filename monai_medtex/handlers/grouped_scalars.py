# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from ignite.engine import Engine
from monai.utils import is_scalar
from torch.utils.tensorboard import SummaryWriter

__all__ = ["write_grouped"]


def write_grouped(engine: Engine, writer: SummaryWriter) -> None:
    """Write an epoch's figures, grouped by the first word of their names: ``loss/loss_prediction``.

    The ``epoch_event_writer`` of MONAI's ``TensorBoardStatsHandler``; without it, TensorBoard gives each figure a
    folded section of its own.
    """
    for name, value in engine.state.metrics.items():
        if is_scalar(value):
            writer.add_scalar(f"{name.partition('_')[0]}/{name}", value, engine.state.epoch)
