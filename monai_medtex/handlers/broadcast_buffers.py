# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import ignite.distributed as idist
from ignite.engine import Events
from monai.engines import Workflow
from torch import distributed, nn

__all__ = ["BroadcastBuffers"]


class BroadcastBuffers:
    """Give every process the first one's buffers before an evaluation, so that all judge the model that is saved.

    Distributed training keeps batch normalisation's running statistics alike only at the start of a step. Evaluating
    the unwrapped network with this handler needs no communication per batch, so processes with unequal numbers of
    batches do not wait for each other for ever.

    Args:
        network: the network that is evaluated, not wrapped for distributed training.
    """

    def __init__(self, network: nn.Module) -> None:
        self.network = network

    def attach(self, engine: Workflow) -> None:
        """Broadcast when an evaluation starts."""
        engine.add_event_handler(Events.STARTED, self)

    def __call__(self, engine: Workflow) -> None:  # noqa: ARG002
        """Broadcast the buffers."""
        if idist.get_world_size() > 1:
            for buffer in self.network.buffers():
                distributed.broadcast(buffer, src=0)
