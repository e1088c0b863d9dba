# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""What is packed of a run: the pair that a branch distilled, or the teacher that a headquarters trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from torch import nn

from monai_medtex.networks import ExplainedClassifier

from .finished_run import FinishedRun
from .leaks import Shared
from .model_card import model_card
from .teacher_card import teacher_card

__all__ = ["RunKind", "kind_of"]


@dataclass(frozen=True)
class RunKind:
    """How a kind of run is packed.

    Attributes:
        shared: its weights; of a teacher any that fit the network.
        inference: config file of the bundle that uses the network.
        networks: its entries that a variant's config file may replace.
        network: class of its ``network_def``.
        card: writes the model card.
        texts: usual texts of metadata and card.
    """

    shared: Shared
    inference: str
    networks: Sequence[str]
    network: type[nn.Module]
    card: Callable[..., str]
    texts: Mapping[str, str] = field(default_factory=dict)


PAIR = RunKind(
    Shared(),
    "inference.json",
    ("explainer", "student"),
    ExplainedClassifier,
    model_card,
    {
        "description": "A student and an explainer, distilled with MED-TEX (Nguyen-Duc et al., ISBI 2022) from a "
        "frozen classifier, the teacher, which is no part of this bundle. The network returns logits; its method "
        "explain returns theta, a score in [0, 1] for every pixel.",
    },
)

PAIR_FOR_VOLUMES = replace(
    PAIR,
    texts={
        "description": "A student and an explainer, distilled with MED-TEX (Nguyen-Duc et al., ISBI 2022) from a "
        "frozen classifier, the teacher, which is no part of this bundle. They see a volume through sliding windows: "
        "the network returns the logits of a window, and its method explain theta, a score in [0, 1] for every voxel.",
    },
)

TEACHER = RunKind(
    Shared("the teacher", ("",)),
    "teacher_inference.json",
    ("teacher_network",),
    nn.Module,
    teacher_card,
    {
        "task": "Classification of 2-D images",
        "description": "A classifier, trained on labels, from which a student and an explainer can be distilled with "
        "MED-TEX (Nguyen-Duc et al., ISBI 2022) on other images, without labels. The network returns logits.",
    },
)

TEACHER_FOR_VOLUMES = replace(
    TEACHER,
    texts={
        "task": "Classification of 3-D volumes",
        "description": "A classifier, trained on labels, from which a student and an explainer can be distilled with "
        "MED-TEX (Nguyen-Duc et al., ISBI 2022) on other volumes, without labels. It sees a volume through sliding "
        "windows: the network returns the logits of a window.",
    },
)


def kind_of(run: FinishedRun) -> RunKind:
    """Say how a run is packed."""
    if run.is_teacher:
        return TEACHER_FOR_VOLUMES if run.window else TEACHER
    return PAIR_FOR_VOLUMES if run.window else PAIR
