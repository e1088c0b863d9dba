# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy

import torch
from monai.networks import eval_mode, train_mode
from torch import nn

from monai_medtex.utils import InputError

from .layer_taps import can_be_tapped

__all__ = ["check_answers", "check_fit"]


def check_fit(network: nn.Module, image_shape: Sequence[int], training: bool = False, **options: object) -> None:
    """See with a blank image whether a network takes images of a size, before a run starts.

    Args:
        network: takes images BCHW[D]; it stays as it is.
        image_shape: CHW[D] of an image.
        training: whether it has to learn from that image alone, which batch normalisation can't on a map of one pixel.
        options: what the size comes from, by name, such as ``patch_size=24``.

    Raises:
        InputError: When it does not; the line names the options and the layer.
    """
    tried = deepcopy(network) if training else network
    running: list[tuple[str, tuple[int, ...]]] = []
    image = _blank_image(network, image_shape)
    mode = train_mode if training else eval_mode
    devices = [image.device] if image.is_cuda else []
    try:
        with torch.no_grad(), torch.random.fork_rng(devices), _watched(tried, running), mode(tried):
            tried(image)
    except (RuntimeError, ValueError) as error:
        given = ", ".join(f"{name}={value}" for name, value in options.items())
        name, shape = running[-1]
        where = f"its layer {name}" if name else "it"
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise InputError(
            f"{given} does not fit {type(network).__name__}: {where} fails on {' x '.join(map(str, shape))} ({reason})"
        ) from error


def check_answers(teacher: nn.Module, image_shape: Sequence[int], num_classes: int) -> None:
    """See with a blank image whether a teacher gives one logit for each class, before a run starts.

    Args:
        teacher: takes images BCHW[D]; it stays as it is.
        image_shape: CHW[D] of an image.
        num_classes: as many as there are class names.

    Raises:
        InputError: When it gives anything else.
    """
    with torch.no_grad(), eval_mode(teacher):
        shape = tuple(teacher(_blank_image(teacher, image_shape)).shape)
    if shape != (1, num_classes):
        raise InputError(
            f"class_names has {num_classes} names, but the teacher answers an image with {' x '.join(map(str, shape))} "
            "values; see class_names and teacher_output"
        )


def _blank_image(network: nn.Module, image_shape: Sequence[int]) -> torch.Tensor:
    return torch.zeros(1, *image_shape, device=next(network.parameters(), torch.zeros(0)).device)


@contextmanager
def _watched(network: nn.Module, running: list[tuple[str, tuple[int, ...]]]) -> Iterator[None]:
    """Keep in ``running`` the layers that have begun and not ended, with the shape CHW[D] of what they are given."""

    def begin(name: str, inputs: tuple) -> None:
        running.append((name, tuple(inputs[0].shape[1:]) if inputs else ()))

    layers = list(network.named_modules()) if can_be_tapped(network) else [("", network)]
    handles = []
    for name, layer in layers:
        handles.append(layer.register_forward_pre_hook(lambda _module, inputs, name=name: begin(name, inputs)))
        handles.append(layer.register_forward_hook(lambda _module, _inputs, _output: running.pop() and None))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
