# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence

import torch
from ignite.engine import Events
from monai.engines import Workflow
from monai.utils import CommonKeys

from monai_medtex.metrics import probabilities
from monai_medtex.utils import atomic_write

__all__ = ["AnswerTable"]


class AnswerTable:
    """Write one row per image: the file, its label and a classifier's probabilities.

    What is not known, such as an absent label, is an empty cell.

    Args:
        path: of the CSV.
        class_names: names of the classes in the columns' names.
        activation: ``"softmax"`` for one class of several, ``"sigmoid"`` for labels that hold or not, each for itself.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        class_names: Sequence[str],
        activation: str = "softmax",
    ) -> None:
        self.path = path
        self.activation = activation
        self.columns = ["image", "label", *(f"teacher_{name}" for name in class_names)]
        self._rows: list[list] = []

    def attach(self, engine: Workflow) -> None:
        """Collect in every iteration, write at the end."""
        engine.add_event_handler(Events.EPOCH_STARTED, lambda _: self._rows.clear())
        engine.add_event_handler(Events.ITERATION_COMPLETED, self.collect)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self.write)

    def figures(self, output: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Give what follows the label, NaN where it is not known, shape (images, columns)."""
        return probabilities(output[CommonKeys.PRED], self.activation)

    def collect(self, engine: Workflow) -> None:
        """Add a batch's rows."""
        batch, figures = engine.state.batch, self.figures(engine.state.output)
        for path, label, row in zip(batch["path"], batch[CommonKeys.LABEL].tolist(), figures.tolist(), strict=True):
            known = [f"{value:.6g}" if value == value else "" for value in row]
            self._rows.append([path, _cell(label), *known])

    def write(self, engine: Workflow) -> None:  # noqa: ARG002
        """Write the table."""
        with atomic_write(self.path) as temporary, open(temporary, "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(self.columns)
            writer.writerows(self._rows)


def _cell(label: int | list[int]) -> int | str:
    """A class index, or a list of labels separated by blanks, empty where it is unknown."""
    if isinstance(label, list):
        return " ".join(map(str, label)) if max(label) >= 0 else ""
    return label if label >= 0 else ""
