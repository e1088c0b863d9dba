# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import csv
import os
from collections.abc import Sequence

import torch
from ignite.engine import Events
from monai.engines import Workflow
from monai.utils import CommonKeys

from monai_medtex.metrics import PAPER_KS, predictive_kl, probabilities, theta_statistics, topk_iou
from monai_medtex.utils import atomic_write

__all__ = ["ImageTable"]

THETA_COLUMNS = ("theta_mean", "theta_std", "theta_above_half", "theta_saturated")


class ImageTable:
    """Write one row per image: label, both networks' probabilities, KL divergence, theta's statistics, IoU at top K.

    What is not known, such as an absent label or the IoU of an image without a lesion mask, is an empty cell.

    Args:
        path: of the CSV.
        class_names: names of the classes in the columns' names.
        ks: of the IoU at top K.
        activation: ``"softmax"`` for one class of several, ``"sigmoid"`` for labels that hold or not, each for itself.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        class_names: Sequence[str],
        ks: Sequence[int] = PAPER_KS,
        activation: str = "softmax",
    ) -> None:
        self.path = path
        self.activation = activation
        self.ks = tuple(ks)
        self.columns = [
            "image",
            "label",
            *(f"{network}_{name}" for network in ("teacher", "student") for name in class_names),
            "predictive_kl",
            *THETA_COLUMNS,
            *(f"iou_top{k}" for k in self.ks),
        ]
        self._rows: list[list] = []

    def attach(self, engine: Workflow) -> None:
        """Collect in every iteration, write at the end."""
        engine.add_event_handler(Events.EPOCH_STARTED, lambda _: self._rows.clear())
        engine.add_event_handler(Events.ITERATION_COMPLETED, self.collect)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self.write)

    def collect(self, engine: Workflow) -> None:
        """Add a batch's rows."""
        output = engine.state.output
        student, teacher, theta = output[CommonKeys.PRED], output["teacher_pred"], output["theta"]
        figures = torch.cat(
            [
                probabilities(teacher, self.activation),
                probabilities(student, self.activation),
                predictive_kl(student, teacher, self.activation)[:, None],
                theta_statistics(theta),
                topk_iou(theta, output["lesion"], self.ks),
            ],
            dim=1,
        )
        for path, label, row in zip(
            engine.state.batch["path"], output["class"].tolist(), figures.tolist(), strict=True
        ):
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
