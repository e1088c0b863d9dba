# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from monai.utils import optional_import
from torch import Tensor, nn

from monai_medtex.utils import InputError

from .studied import channels_last, plain_images, studied

__all__ = ["IntegratedGradientsMap"]

IntegratedGradients, has_captum = optional_import("captum.attr", name="IntegratedGradients")


class IntegratedGradientsMap:
    """Integrated gradients (Sundararajan et al., ICML 2017) of captum, for the class that the network gives each image.

    The attributions of a pixel's channels are summed by their absolute values: a pixel that speaks against the class
    matters too, and a dark lesion on a black baseline has small attributions whatever its sign.

    Args:
        network: a classifier that maps BCHW[D] to logits BC; its parameters may be frozen.
        steps: points of the integral; each costs a forward and a backward pass.
        baseline: value of every pixel at the start of the path.
        batch_size: images in a forward pass.

    Raises:
        InputError: when captum is not installed.
    """

    def __init__(self, network: nn.Module, steps: int = 50, baseline: float = 0.0, batch_size: int = 16) -> None:
        if not has_captum:
            raise InputError("IntegratedGradientsMap needs captum, which is not installed: pip install captum")
        self.network = network
        self.steps = steps
        self.baseline = baseline
        self.batch_size = batch_size

    def explain(self, images: Tensor) -> Tensor:
        """Return the maps, shape B1HW[D], not negative, of images of shape BCHW[D]."""
        images = plain_images(images)
        with studied(self.network) as network:
            channels_last(network, images)
            attributions = IntegratedGradients(network, multiply_by_inputs=True).attribute(
                images,
                baselines=self.baseline,
                target=network(images).argmax(1),
                n_steps=self.steps,
                internal_batch_size=max(self.batch_size, len(images)),
            )
        return attributions.detach().float().abs().sum(dim=1, keepdim=True)
