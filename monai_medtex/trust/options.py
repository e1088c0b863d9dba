# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from monai_medtex.utils import InputError, check_at_least

__all__ = ["Options"]


@dataclass(frozen=True)
class Options:
    """What ``trust.json`` lets a user choose.

    Attributes:
        areas: shares of the image that EVAL-X is shown, in (0, 1].
        eval_x_epochs: passes over the training images.
        probe_epochs: passes over the training maps.
        probe_repeats: classifiers of maps.
        faithful_images: test images on which the teacher is asked; None for all.
        random_pairs: of different images' maps, for what maps have in common anyhow.
        retrain: whether to distil again.
        retrain_epochs: see :class:`Retrainer`.
        retrain_teacher_epochs: see :class:`Retrainer`.
        alarm_gap: see :func:`raise_alarm`.
        alarm_probe: see :func:`raise_alarm`.
    """

    areas: Sequence[float] = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
    eval_x_epochs: int = 60
    probe_epochs: int = 40
    probe_repeats: int = 3
    faithful_images: int | None = 32
    random_pairs: int = 50
    retrain: bool = True
    retrain_epochs: int | None = None
    retrain_teacher_epochs: int | None = None
    alarm_gap: float = 0.03
    alarm_probe: float = 0.1

    def __post_init__(self) -> None:
        numbers = ("eval_x_epochs", "probe_epochs", "probe_repeats", "random_pairs")
        maybe = ("faithful_images", "retrain_epochs", "retrain_teacher_epochs")
        given = {name: getattr(self, name) for name in (*numbers, *maybe)}
        check_at_least(1, **{name: value for name, value in given.items() if name in numbers or value is not None})
        for area in self.areas:
            if not 0 < area <= 1:
                raise InputError(f"areas must be above 0 and at most 1, got {area}")

    def only(self, *names: str) -> dict[str, Any]:
        """Return some of the options by name."""
        every = asdict(self)
        return {name: every[name] for name in names}
