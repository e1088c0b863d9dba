# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import logging
from collections.abc import Sequence

from ignite.engine import Events
from monai.engines import Workflow
from monai.transforms import RandomizableTransform

from monai_medtex.networks import MedTexNet

from .best_model import NOT_VALIDATED

__all__ = ["ExplainerFirst"]

logger = logging.getLogger("monai_medtex")


class ExplainerFirst:
    """Train explainer and student together for some epochs, then freeze the explainer and let the student learn on.

    What theta learns is an average over strong augmentations, which a small student does not learn under in the same
    time. So they are left out of the second phase. With the second phase the search for the best model begins anew, so
    that no explainer is kept that was still learning.

    Args:
        network: what is trained.
        epochs: of the first phase.
        augmentations: random transforms of the first phase alone; their ``prob`` is set to 0 after it.
        evaluator: which keeps ``best_metric_epoch`` for :class:`BestModel`; None where there is nothing to validate on.
    """

    def __init__(
        self,
        network: MedTexNet,
        epochs: int,
        augmentations: Sequence[RandomizableTransform] = (),
        evaluator: Workflow | None = None,
    ) -> None:
        self.network = network
        self.epochs = epochs
        self.augmentations = augmentations
        self.evaluator = evaluator

    def attach(self, engine: Workflow) -> None:
        """Choose the phase at the start of every epoch, also after a resume."""
        engine.add_event_handler(Events.EPOCH_STARTED, self)

    def __call__(self, engine: Workflow) -> None:
        """Begin the second phase when it is due."""
        if engine.state.epoch > self.epochs and "explainer" not in self.network.frozen:
            self.network.freeze("explainer")
            for transform in self.augmentations:
                transform.prob = 0.0
            if self.evaluator is not None and engine.state.epoch == self.epochs + 1:
                self.evaluator.state.best_metric_epoch = NOT_VALIDATED
            logger.info("epoch %d: the explainer is frozen, the student learns on", engine.state.epoch)
