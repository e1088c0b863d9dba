# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ignite.engine import Events
from monai.engines import Workflow
from torch.utils.tensorboard import SummaryWriter
from torch.utils.tensorboard.summary import hparams

__all__ = ["HyperParameters"]

PLAIN = (bool, int, float, str)  # what TensorBoard takes


class HyperParameters:
    """Show a run's settings in TensorBoard's HParams, beside the figures of its last validation.

    Args:
        writer: of TensorBoard's events.
        settings: what the run was made with; lists and dicts are shown as JSON.
        evaluator: the validation's engine, if there is one; without it the training's own figures are shown.
    """

    def __init__(self, writer: SummaryWriter, settings: Mapping[str, Any], evaluator: Workflow | None = None) -> None:
        self.writer = writer
        self.settings = settings
        self.evaluator = evaluator

    def attach(self, engine: Workflow) -> None:
        """Write when the training is done."""
        engine.add_event_handler(Events.COMPLETED, self)

    def __call__(self, engine: Workflow) -> None:
        """Write the settings and the figures."""
        shown = {
            name: value if isinstance(value, PLAIN) else json.dumps(value) for name, value in self.settings.items()
        }
        figures = (self.evaluator or engine).state.metrics
        last = {f"final/{name}": float(value) for name, value in figures.items() if not isinstance(value, dict)}
        for summary in hparams(shown, last):  # the writer's own add_hparams would open a second file of events
            self.writer.file_writer.add_summary(summary)  # type: ignore[attr-defined]
        for name, value in last.items():
            self.writer.add_scalar(name, value, engine.state.epoch)
