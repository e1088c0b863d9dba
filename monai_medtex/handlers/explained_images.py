# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import logging
import os
import random
from collections import Counter
from collections.abc import Sequence

from ignite.engine import Events
from monai.engines import Workflow
from monai.utils import CommonKeys

from monai_medtex.metrics import probabilities
from monai_medtex.reporting import ExplainedImage, explained_figure, has_matplotlib
from monai_medtex.reporting.shown_plane import shown_plane
from monai_medtex.utils import atomic_write

__all__ = ["ExplainedImages"]

logger = logging.getLogger("monai_medtex")


class ExplainedImages:
    """Draw a figure of some images of an evaluation, with and without lesion, for each answer of the teacher.

    The images are drawn at random, the same for the same data. Of volumes one slice is shown.

    Args:
        path: of the PNG.
        class_names: names of the classes.
        per_group: images with one answer of the teacher and with, or without, a lesion mask.
        activation: ``"softmax"`` for one class of several, ``"sigmoid"`` for labels that hold or not, each for itself,
            of which the most probable is taken for the answer.
    """

    def __init__(
        self, path: str | os.PathLike, class_names: Sequence[str], per_group: int = 2, activation: str = "softmax"
    ) -> None:
        self.path = path
        self.class_names = list(class_names)
        self.per_group = per_group
        self.activation = activation
        self._groups: dict[tuple[int, bool], list[ExplainedImage]] = {}
        self._seen: Counter[tuple[int, bool]] = Counter()
        self._random = random.Random(0)

    def attach(self, engine: Workflow) -> None:
        """Collect in every iteration, draw at the end."""
        engine.add_event_handler(Events.EPOCH_STARTED, self.reset)
        engine.add_event_handler(Events.ITERATION_COMPLETED, self.collect)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self.draw)

    def reset(self, engine: Workflow) -> None:  # noqa: ARG002
        """Forget the last evaluation."""
        self._groups, self._seen, self._random = {}, Counter(), random.Random(0)

    def collect(self, engine: Workflow) -> None:
        """Draw a sample of each group that is uniform whatever the group's size (reservoir sampling)."""
        output = engine.state.output
        taught, learnt = (
            probabilities(output[key], self.activation).cpu() for key in ("teacher_pred", CommonKeys.PRED)
        )
        for number, answer in enumerate(taught.argmax(dim=1).tolist()):
            image, theta, lesion = shown_plane(*(output[key][number] for key in (CommonKeys.IMAGE, "theta", "lesion")))
            group = (answer, bool(lesion.any()))
            kept = self._groups.setdefault(group, [])
            place = len(kept) if len(kept) < self.per_group else self._random.randrange(self._seen[group] + 1)
            self._seen[group] += 1
            if place < self.per_group:
                label = output["class"][number].tolist()
                kept[place : place + 1] = [
                    ExplainedImage(image.cpu(), theta.cpu(), lesion.cpu(), taught[number], learnt[number], label)
                ]

    def draw(self, engine: Workflow) -> None:  # noqa: ARG002
        """Write the figure."""
        samples = [sample for group in sorted(self._groups, reverse=True) for sample in self._groups[group]]
        if not has_matplotlib:
            logger.info("the figure %s is left out: pip install matplotlib", os.path.basename(self.path))
        elif samples:
            with atomic_write(self.path) as temporary:
                explained_figure(samples, self.class_names, activation=self.activation).savefig(temporary, dpi=130)
