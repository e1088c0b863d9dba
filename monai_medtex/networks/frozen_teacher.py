# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from typing_extensions import Self

from .layer_taps import check_layers, tap_layers

__all__ = ["FrozenTeacher"]


class FrozenTeacher(nn.Module):
    """A pretrained classifier that never changes: always in eval mode, without gradients, with named layers tapped.

    Keep it outside the network that is trained: a trainer puts every submodule of that in train mode.

    Args:
        network: any classifier that maps BCHW[D] to logits BC.
        layers: dotted names of the layers that :meth:`tap` returns.

    Raises:
        InputError: When ``network`` lacks one of ``layers``.

    Example::

        teacher = FrozenTeacher(BlockCNN(2, 3, 2), layers=["block1", "block4"])
        logits, (first, last) = teacher.tap(images)
    """

    def __init__(self, network: nn.Module, layers: Sequence[str] = ()) -> None:
        super().__init__()
        check_layers(network, layers, "teacher layers")
        self.network = network.requires_grad_(False)
        self.layers = tuple(layers)
        self.eval()

    def train(self, mode: bool = True) -> Self:  # noqa: ARG002
        """Stay in eval mode, whatever ``mode`` is."""
        return super().train(False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits, shape BC, of images of shape BCHW[D]."""
        return self.tap(x)[0]

    @torch.no_grad()
    def tap(self, x: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Classify images and return the tapped layers too.

        Args:
            x: images, shape BCHW[D].

        Returns:
            logits, shape BC, and one tensor per entry of ``layers``, in that order.
        """
        self.network.eval()
        with tap_layers(self.network, self.layers) as features:
            logits = self.network(x)
        return logits, [features[name] for name in self.layers]
