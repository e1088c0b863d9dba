# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import ignite.distributed as idist
import torch
from ignite.engine import Events
from monai.engines import IterationEvents, Workflow
from monai.utils import CommonKeys
from torch import nn

from monai_medtex.utils import TrainingError

__all__ = ["LossTerms"]


class LossTerms:
    """Log a loss with its terms and variational bounds, and stop the training as soon as one is not finite.

    Every iteration's terms stand in ``engine.state.output`` as ``loss_<term>``, their means over the epoch's images, on
    all processes, in ``engine.state.metrics`` as ``loss``, ``loss_<term>`` and ``bound_<term>`` (nats per image).

    Args:
        loss_function: a loss that keeps ``terms`` and ``bounds``, as :class:`monai_medtex.losses.DistillationLoss`; any
            other is logged as ``loss`` alone.
    """

    def __init__(self, loss_function: nn.Module) -> None:
        self.loss_function = loss_function
        self._sums: dict[str, torch.Tensor] = {}
        self._images = 0

    def attach(self, engine: Workflow) -> None:
        """Collect after every loss, average after every epoch."""
        engine.add_event_handler(Events.EPOCH_STARTED, self.reset)
        engine.add_event_handler(IterationEvents.LOSS_COMPLETED, self.collect)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self.average)

    def reset(self, engine: Workflow) -> None:  # noqa: ARG002
        """Forget the last epoch."""
        self._sums, self._images = {}, 0

    def collect(self, engine: Workflow) -> None:
        """Add up the terms of one iteration.

        Raises:
            TrainingError: When the loss is not finite; the line names the epoch, the iteration and the terms.
        """
        output = engine.state.output
        losses = {f"loss_{name}": term for name, term in getattr(self.loss_function, "terms", {}).items()}
        bounds = {f"bound_{name}": bound for name, bound in getattr(self.loss_function, "bounds", {}).items()}
        total = output[CommonKeys.LOSS].detach()
        if not torch.isfinite(total):
            broken = {name: float(term) for name, term in losses.items() if not torch.isfinite(term)}
            raise TrainingError(
                f"the loss is {float(total)} in epoch {engine.state.epoch}, iteration {engine.state.iteration}: "
                f"{broken or 'every term is finite, so their weights overflow'}"
            )
        output.update(losses)
        images = len(output[CommonKeys.IMAGE])
        self._images += images
        for name, value in {CommonKeys.LOSS.value: total, **losses, **bounds}.items():
            self._sums[name] = self._sums.get(name, torch.zeros_like(value)) + value * images

    def average(self, engine: Workflow) -> None:
        """Put the epoch's means into ``engine.state.metrics``."""
        if not self._sums:
            return
        sums = torch.stack([*self._sums.values(), torch.tensor(float(self._images), device=engine.state.device)])
        *totals, images = torch.as_tensor(idist.all_reduce(sums)).tolist()
        engine.state.metrics.update({name: total / images for name, total in zip(self._sums, totals, strict=True)})
