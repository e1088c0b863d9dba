# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import logging

from ignite.engine import Events
from monai.engines import Workflow

from monai_medtex.networks import MedTexNet, RandomMaskMixIn

__all__ = ["PredictorPretraining"]

logger = logging.getLogger("monai_medtex")


class PredictorPretraining:
    """Train the student on random masks alone for some epochs, then freeze it and show it theta alone (REAL-X).

    A frozen student that has never met theta cannot learn a code from it. Theta needs a prior on its area besides.
    Jethani et al., "Have we learned to explain?", AISTATS 2021.

    Args:
        network: what is trained.
        mix_in: the network's ``predictor_mode``, whose share is set.
        epochs: of the first phase.
    """

    def __init__(self, network: MedTexNet, mix_in: RandomMaskMixIn, epochs: int) -> None:
        self.network = network
        self.mix_in = mix_in
        self.epochs = epochs

    def attach(self, engine: Workflow) -> None:
        """Choose the phase at the start of every epoch, also after a resume."""
        engine.add_event_handler(Events.EPOCH_STARTED, self)

    def __call__(self, engine: Workflow) -> None:
        """Set the phase of this epoch."""
        pretraining = engine.state.epoch <= self.epochs
        self.mix_in.share = float(pretraining)
        if not pretraining and "student" not in self.network.frozen:
            self.network.freeze("student")
            logger.info("epoch %d: the student is frozen", engine.state.epoch)
