# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import nn

from monai_medtex.utils import InputError

__all__ = ["can_be_tapped", "check_layers", "check_pairs", "hook_layers", "tap_layers"]


def can_be_tapped(module: nn.Module) -> bool:
    """Whether the outputs of a network's layers can be collected; of a TorchScript program they cannot."""
    return getattr(module, "tappable", True)


def check_layers(module: nn.Module, layers: Sequence[str], argument: str = "layers") -> None:
    """Raise an :class:`InputError` that lists the names there are, if ``module`` lacks one of ``layers``."""
    if layers and not can_be_tapped(module):
        raise InputError(f"{argument} names '{layers[0]}', but the layers of {module} cannot be tapped")
    names = dict(module.named_modules())
    unknown = [name for name in layers if name not in names]
    if unknown:
        there = ", ".join(name for name in names if name)
        raise InputError(f"{argument} names '{unknown[0]}', which {type(module).__name__} lacks; it has: {there}")


def check_pairs(layer_pairs: object) -> None:
    """Raise an :class:`InputError` if ``layer_pairs`` is no list of pairs of names."""
    for pair in layer_pairs if isinstance(layer_pairs, list | tuple) else [layer_pairs]:
        if not isinstance(pair, list | tuple) or [type(name) for name in pair] != [str, str]:
            raise InputError(f"layer_pairs must list pairs of a teacher's and a student's layer, got {pair}")


@contextmanager
def hook_layers(
    module: nn.Module, layers: Sequence[str], hook: Callable[[str, torch.Tensor], torch.Tensor | None]
) -> Iterator[None]:
    """Call a function with each named layer's name and output while the block runs.

    Args:
        module: the network.
        layers: dotted names as in ``module.named_modules()``.
        hook: what it returns, unless None, takes the place of the output.
    """

    def watch(name: str) -> torch.utils.hooks.RemovableHandle:
        return module.get_submodule(name).register_forward_hook(lambda _module, _inputs, output: hook(name, output))

    handles = [watch(name) for name in dict.fromkeys(layers)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def tap_layers(module: nn.Module, layers: Sequence[str]) -> Iterator[dict[str, torch.Tensor]]:
    """Collect the outputs of named layers of any module while the block runs.

    The outputs are cloned, so that a following in-place activation does not change them.

    Args:
        module: the network.
        layers: dotted names as in ``module.named_modules()``.

    Yields:
        a dict that holds each layer's output, shape BC[HWD], once the module has run.
    """
    features: dict[str, torch.Tensor] = {}

    def store(name: str, output: torch.Tensor) -> None:
        features[name] = output.clone()

    with hook_layers(module, layers, store):
        yield features
