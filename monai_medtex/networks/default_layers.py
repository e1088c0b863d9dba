# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence

import torch
from monai.networks import eval_mode
from torch import nn

from .layer_taps import can_be_tapped, hook_layers

__all__ = ["default_layers", "layer_table", "map_shapes", "pair_layers"]

logger = logging.getLogger("monai_medtex")


def map_shapes(network: nn.Module, image_shape: Sequence[int]) -> dict[str, tuple[int, ...]]:
    """Run one blank image, and give the shape of every layer that can be named for a transfer.

    Args:
        network: takes images BCHW[D].
        image_shape: CHW[D] of an image.

    Returns:
        shape CHW[D] of each layer that gives a map, by its dotted name, in the order in which the layers are done;
        nothing for a network that cannot be tapped.
    """
    if not can_be_tapped(network):
        return {}
    shapes: dict[str, tuple[int, ...]] = {}

    def note(name: str, output: object) -> None:
        if isinstance(output, torch.Tensor) and output.ndim == len(image_shape) + 1:
            shapes.pop(name, None)
            shapes[name] = tuple(output.shape[1:])

    names = [name for name, _ in network.named_modules() if name]
    device = next(network.parameters(), torch.zeros(0)).device
    with eval_mode(network), hook_layers(network, names, note):
        network(torch.zeros(1, *image_shape, device=device))
    return shapes


def default_layers(network: nn.Module, image_shape: Sequence[int]) -> dict[str, tuple[int, ...]]:
    """Choose the last map at each resolution below the image's own and above one pixel.

    Layers without weights are passed over, and a layer inside another gives way to the outer one, so that the choice
    falls on a network's stages: the four blocks of :class:`BlockCNN`, ``layer1`` to ``layer4`` of a ResNet.

    Args:
        network: takes images BCHW[D].
        image_shape: CHW[D] of an image.

    Returns:
        shape CHW[D] of each chosen layer, by its dotted name, from fine to coarse as the network goes; nothing for a
        network that cannot be tapped.
    """
    chosen: dict[tuple[int, ...], tuple[str, tuple[int, ...]]] = {}
    for name, shape in map_shapes(network, image_shape).items():
        size, kept = shape[1:], chosen.get(shape[1:])
        weighs = any(True for _ in network.get_submodule(name).parameters())
        inner = kept is not None and name.count(".") > kept[0].count(".")
        if weighs and not inner and size != tuple(image_shape[1:]) and math.prod(size) > 1:
            chosen[size] = name, shape
    return dict(chosen.values())


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
    taught, learnt = default_layers(teacher, image_shape), default_layers(student, image_shape)
    pairs: dict[str, str] = {}
    for name, shape in learnt.items():
        nearest = min(taught, key=lambda layer: _apart(taught[layer], shape), default="")
        rival = pairs.get(nearest)
        if nearest and (rival is None or _apart(taught[nearest], shape) < _apart(taught[nearest], learnt[rival])):
            pairs[nearest] = name
    return [list(pair) for pair in pairs.items()]


def layer_table(title: str, network: nn.Module, image_shape: Sequence[int]) -> str:
    """Tell what can be named for a transfer: a line for each map with its shape, the default layers marked.

    Args:
        title: what to call the network.
        network: takes images BCHW[D].
        image_shape: CHW[D] of an image.
    """
    shapes, default = map_shapes(network, image_shape), default_layers(network, image_shape)
    if not shapes:
        return f"{title}: the layers of {network} cannot be tapped\n"
    return "\n".join([f"{title} (* = chosen by default):", *_lines(shapes, default), ""])


def _lines(shapes: Mapping[str, tuple[int, ...]], default: Mapping[str, object]) -> list[str]:
    width = max(map(len, shapes))
    return [
        f"{'*' if name in default else ' '} {name:{width}}  {' x '.join(map(str, shape))}"
        for name, shape in shapes.items()
    ]


def _apart(one: Sequence[int], other: Sequence[int]) -> float:
    """Distance of two resolutions: absolute logarithm of the ratio of their pixels."""
    return abs(math.log(math.prod(one[1:]) / math.prod(other[1:])))
