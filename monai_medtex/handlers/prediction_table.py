# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import csv
import logging
import os
from collections.abc import Sequence

from ignite.engine import Events
from monai.engines import Workflow
from monai.utils import CommonKeys

from monai_medtex.metrics import answer_text
from monai_medtex.utils import atomic_write, name_inside

__all__ = ["PredictionTable"]


logger = logging.getLogger("monai_medtex")


class PredictionTable:
    """Write one row per image: the file, the predicted class or labels, and the probability of each.

    Args:
        path: of the CSV.
        class_names: names of the classes.
        root: folder that the files are named relative to, or the list of them in that folder.
        activation: ``"softmax"`` for one class of several, ``"sigmoid"`` for labels that hold or not, each for itself.
    """

    def __init__(
        self, path: str | os.PathLike, class_names: Sequence[str], root: str | os.PathLike, activation: str = "softmax"
    ) -> None:
        self.path = path
        self.class_names = list(class_names)
        self.root = root
        self.activation = activation
        self._rows: list[list] = []

    def attach(self, engine: Workflow) -> None:
        """Collect in every iteration, write at the end."""
        engine.add_event_handler(Events.EPOCH_STARTED, lambda _: self._rows.clear())
        engine.add_event_handler(Events.ITERATION_COMPLETED, self.collect)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self.write)

    def collect(self, engine: Workflow) -> None:
        """Add a row for each image of a decollated batch."""
        for item, output in zip(engine.state.batch, engine.state.output, strict=True):
            probabilities = output[CommonKeys.PRED].tolist()
            answer = answer_text(probabilities, self.class_names, self.activation)
            file = name_inside(item["path"], self.root)
            self._rows.append([file, answer, *(f"{value:.6f}" for value in probabilities)])

    def write(self, engine: Workflow) -> None:  # noqa: ARG002
        """Write the table."""
        with atomic_write(self.path) as temporary, open(temporary, "w", newline="") as file:
            csv.writer(file).writerows([("image", "predicted", *self.class_names), *self._rows])
        logger.info("%d images classified: %s", len(self._rows), self.path)
