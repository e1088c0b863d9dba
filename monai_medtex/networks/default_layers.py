# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from monai.networks import eval_mode
from torch import nn

from monai_medtex.utils import InputError

from .layer_taps import can_be_tapped, hook_layers

__all__ = ["default_layers", "evidence_layer", "last_layer", "layer_table", "map_shapes"]


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


def last_layer(network: nn.Module, image_shape: Sequence[int]) -> str:
    """Return the last of :func:`default_layers`: the one that Grad-CAM looks at.

    Raises:
        InputError: When there is none.
    """
    return _chosen(network, image_shape)[-1]


def evidence_layer(network: nn.Module, image_shape: Sequence[int]) -> str:
    """Return the last but one of :func:`default_layers`, or the only one.

    Its places are half as wide as the last one's, and show lesions best (``docs/results/trusted.md``).

    Raises:
        InputError: When there is none.
    """
    return _chosen(network, image_shape)[-2:][0]


def _chosen(network: nn.Module, image_shape: Sequence[int]) -> list[str]:
    layers = list(default_layers(network, image_shape))
    if not layers:
        raise InputError(
            f"no layer of {type(network).__name__} can be tapped, so where it finds its evidence cannot be seen"
        )
    return layers


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
