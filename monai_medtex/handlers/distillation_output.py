# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from monai.engines import IterationEvents, Trainer, Workflow
from monai.utils import CommonKeys

__all__ = ["DistillationOutput"]


class DistillationOutput:
    """Leave in ``engine.state.output`` only what is batch first, under names that metrics and other handlers read.

    ``pred`` (the dict of a :mod:`monai_medtex.inferers`) becomes the student's logits; ``theta`` and, where there is a
    teacher, ``teacher_pred`` stand beside it, and so do ``class`` and ``lesion``, the batch's label and mask. Where
    volumes were seen through windows there are ``window_pred`` and ``teacher_window_pred`` too. The feature maps are
    dropped: an engine would decollate them, which is slow, and per-channel variances would be taken for a batch.
    """

    def attach(self, engine: Workflow) -> None:
        """Run after the loss in a trainer, after the forward pass in an evaluator."""
        event = IterationEvents.LOSS_COMPLETED if isinstance(engine, Trainer) else IterationEvents.FORWARD_COMPLETED
        engine.add_event_handler(event, self)

    def __call__(self, engine: Workflow) -> None:
        """Unpack ``pred``."""
        output, batch = engine.state.output, engine.state.batch
        prediction = output[CommonKeys.PRED]
        output[CommonKeys.PRED] = prediction["logits"].float()
        output["theta"] = prediction["theta"].float()
        for key in ("teacher_logits", "window_logits", "teacher_window_logits"):
            if key in prediction:
                output[key.replace("logits", CommonKeys.PRED)] = prediction[key].float()
        for key, name in ((CommonKeys.LABEL, "class"), ("mask", "lesion")):
            if key in batch:
                output[name] = batch[key].to(engine.state.device)
