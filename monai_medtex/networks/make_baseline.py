# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from monai_medtex.utils import InputError

from .baselines import BlurBaseline, ConstantBaseline, MeanBaseline, NoiseBaseline, RandomBaseline, ZeroBaseline

__all__ = ["make_baseline"]

BASELINES: dict[str, type[nn.Module]] = {
    "zero": ZeroBaseline,
    "constant": ConstantBaseline,
    "mean": MeanBaseline,
    "blur": BlurBaseline,
    "noise": NoiseBaseline,
}


def make_baseline(names: str | Sequence[str], settings: Mapping[str, Mapping[str, Any]] | None = None) -> nn.Module:
    """Make a baseline by name, as a run's settings keep it.

    Args:
        names: ``"zero"``, ``"constant"``, ``"mean"``, ``"blur"`` or ``"noise"``; of several, one is drawn for each
            image in training and the first holds otherwise.
        settings: arguments of each baseline, by its name.

    Raises:
        InputError: When a name is unknown, or the settings do not fit it.
    """
    if not isinstance(names, str):
        return RandomBaseline([make_baseline(name, settings) for name in names])
    if names not in BASELINES:
        raise InputError(f"baseline must be one of {', '.join(BASELINES)} but is '{names}'")
    arguments = (settings or {}).get(names, {})
    try:
        return BASELINES[names](**arguments)
    except TypeError as error:
        raise InputError(f"baseline_settings do not fit the baseline '{names}': {arguments}") from error
