# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import os

from ignite.engine import Events
from monai.engines import Workflow
from torch import nn

from monai_medtex.networks import load_weights

__all__ = ["WeightsLoader"]


class WeightsLoader:
    """Load a network's weights when an engine starts, so that building the engine needs no file.

    Unlike MONAI's ``CheckpointLoader`` it says in one line what does not fit, also when no key matches.

    Args:
        network: the network to fill.
        path: a bare state dict.
        argument: what to call the file in an error.
    """

    def __init__(self, network: nn.Module, path: str | os.PathLike, argument: str) -> None:
        self.network = network
        self.path = path
        self.argument = argument

    def attach(self, engine: Workflow) -> None:
        """Load once, before the first iteration."""
        engine.add_event_handler(Events.STARTED, self)

    def __call__(self, engine: Workflow) -> None:  # noqa: ARG002
        """Load the weights.

        Raises:
            InputError: When they do not fit.
        """
        load_weights(self.network, self.path, self.argument)
