# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import logging

from ignite.engine import Events
from monai.engines import Workflow

from monai_medtex.networks import MedTexNet, RandomMaskMixIn

from .best_model import NOT_VALIDATED

__all__ = ["PredictorPretraining"]

logger = logging.getLogger("monai_medtex")


class PredictorPretraining:
    """Train the student on random masks alone for some epochs, then freeze it and show it theta alone (REAL-X).

    A frozen student that has never met theta cannot learn a code from it. Theta needs a prior on its area besides. With
    the second phase the search for the best model begins anew, since in the first no answer has trained the explainer.
    Jethani et al., "Have we learned to explain?", AISTATS 2021.

    Args:
        network: what is trained.
        mix_in: the network's ``predictor_mode``, whose share is set.
        epochs: of the first phase.
        evaluator: which keeps ``best_metric_epoch`` for :class:`BestModel`; None where there is nothing to validate on.
    """

    def __init__(
        self, network: MedTexNet, mix_in: RandomMaskMixIn, epochs: int, evaluator: Workflow | None = None
    ) -> None:
        self.network = network
        self.mix_in = mix_in
        self.epochs = epochs
        self.evaluator = evaluator

    def attach(self, engine: Workflow) -> None:
        """Choose the phase at the start of every epoch, also after a resume."""
        engine.add_event_handler(Events.EPOCH_STARTED, self)

    def __call__(self, engine: Workflow) -> None:
        """Set the phase of this epoch."""
        pretraining = engine.state.epoch <= self.epochs
        self.mix_in.share = float(pretraining)
        if not pretraining and "student" not in self.network.frozen:
            self.network.freeze("student")
            if self.evaluator is not None and engine.state.epoch == self.epochs + 1:
                self.evaluator.state.best_metric_epoch = NOT_VALIDATED
            logger.info("epoch %d: the student is frozen", engine.state.epoch)
