# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy

import torch
from monai.utils import convert_to_tensor
from torch import Tensor, nn

from monai_medtex.networks import FrozenTeacher

__all__ = ["channels_last", "plain_images", "studied", "unwrapped"]


def unwrapped(network: nn.Module) -> nn.Module:
    """Return the network inside a :class:`FrozenTeacher`, which itself lets no gradient through, or the network."""
    return network.network if isinstance(network, FrozenTeacher) else network


def plain_images(images: Tensor) -> Tensor:
    """Return a detached single-precision copy of images without metadata, which may enter a graph."""
    with torch.inference_mode(False):
        return convert_to_tensor(images.detach(), dtype=torch.float32, track_meta=False).clone()


def channels_last(network: nn.Module, images: Tensor) -> nn.Module:
    """Store the weights with the channels last, in place: on a CPU many passes take about half the time."""
    return network.to(memory_format={4: torch.channels_last, 5: torch.channels_last_3d}[images.ndim])  # type: ignore[call-overload]


@contextmanager
def studied(network: nn.Module) -> Iterator[nn.Module]:
    """Lend a throw-away copy of a classifier, and record gradients while the block runs, whoever calls it.

    MONAI's maps leave hooks behind, delete the parameters' gradients and switch the mode; here only the copy is
    touched, and the network's weights are those of this moment. The copy is in eval mode with frozen parameters, and
    its activations don't work in place, since that would change the layer that a map reads.

    Args:
        network: a classifier, or a :class:`FrozenTeacher` that holds it.

    Yields:
        the copy.
    """
    with torch.inference_mode(False), torch.enable_grad():
        copy = deepcopy(unwrapped(network)).eval().requires_grad_(False)
        for module in copy.modules():
            if hasattr(module, "inplace"):
                module.inplace = False  # type: ignore[assignment]
        yield copy
