# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Sequence

import torch
from monai.visualize import default_upsampler
from torch import nn

from monai_medtex.networks import ClassEvidence, FrozenTeacher
from monai_medtex.networks.layer_taps import check_layers

from .studied import plain_images, studied, unwrapped

__all__ = ["ClassEvidenceMap"]


class ClassEvidenceMap:
    """The teacher's class evidence itself, see :class:`monai_medtex.networks.ClassEvidence`: what theta is drawn to.

    Args:
        network: a classifier that maps BCHW[D] to logits BC; its parameters may be frozen.
        layers: dotted names of the layers whose evidence is fused.
        smoothing: see :func:`monai_medtex.networks.class_evidence.smooth_evidence`.
        power: see there.

    Raises:
        InputError: When ``network`` lacks one of ``layers``.
    """

    def __init__(
        self, network: nn.Module, layers: Sequence[str] = ("block3",), smoothing: float = 0.0, power: float = 1.0
    ) -> None:
        check_layers(unwrapped(network), layers, "evidence layers")
        self.network = network
        self.layers = tuple(layers)
        self.smoothing = smoothing
        self.power = power

    def explain(self, images: torch.Tensor) -> torch.Tensor:
        """Return the maps, shape B1HW[D] in [0, 1], of images of shape BCHW[D]."""
        with studied(self.network) as network:
            evidence = ClassEvidence(FrozenTeacher(network), self.layers, self.smoothing, self.power)
            return default_upsampler(images.shape[2:])(evidence.tap(plain_images(images))[2])
