# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence

from torch import nn

from .default_layers import default_layers, map_shapes
from .explainer import Explainer
from .layer_taps import can_be_tapped

__all__ = ["pair_explainer", "pair_layers"]

logger = logging.getLogger("monai_medtex")

Shapes = Mapping[str, tuple[int, ...]]


def pair_layers(teacher: nn.Module, student: nn.Module, image_shape: Sequence[int]) -> list[list[str]]:
    """Pair the default layers of two networks, each of the student's with the teacher's that is nearest in size.

    Args:
        teacher: takes images BCHW[D]. Where its layers cannot be tapped, a line of the log says that the transfer term
            is off, and there is no pair: MED-EX.
        student: takes images BCHW[D].
        image_shape: CHW[D] of an image.

    Returns:
        the name of a teacher's and a student's layer for each pair; a layer stands in one pair only.
    """
    if not can_be_tapped(teacher):
        logger.info("the layers of %s cannot be tapped: the transfer term is off (MED-EX)", teacher)
        return []
    return _nearest(default_layers(teacher, image_shape), default_layers(student, image_shape))


def pair_explainer(teacher: nn.Module, explainer: Explainer, image_shape: Sequence[int]) -> list[list[str]]:
    """Pair the teacher's last two default layers with the stages of the explainer's encoder that are nearest in size.

    Args:
        teacher: takes images BCHW[D].
        explainer: whose encoder is to learn them.
        image_shape: CHW[D] of an image.

    Returns:
        as :func:`pair_layers`; the explainer's layers are named as :class:`MedTexNet` knows them.
    """
    shapes = map_shapes(explainer, image_shape)
    stages = [f"downs.{number}" for number in range(len(explainer.downs))]
    encoder = {f"explainer.{name}": shapes[name] for name in stages}
    return _nearest(dict(list(default_layers(teacher, image_shape).items())[-2:]), encoder)


def _nearest(taught: Shapes, learnt: Shapes) -> list[list[str]]:
    pairs: dict[str, str] = {}
    for name, shape in learnt.items():
        nearest = min(taught, key=lambda layer: _apart(taught[layer], shape), default="")
        rival = pairs.get(nearest)
        if nearest and (rival is None or _apart(taught[nearest], shape) < _apart(taught[nearest], learnt[rival])):
            pairs[nearest] = name
    return [list(pair) for pair in pairs.items()]


def _apart(one: Sequence[int], other: Sequence[int]) -> float:
    """Distance of two resolutions: absolute logarithm of the ratio of their pixels."""
    return abs(math.log(math.prod(one[1:]) / math.prod(other[1:])))
