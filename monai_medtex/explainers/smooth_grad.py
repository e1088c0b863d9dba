# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import torch
from monai.visualize import SmoothGrad
from torch import Tensor, nn

from .studied import channels_last, plain_images, studied

__all__ = ["SmoothGradMap"]


class SmoothGradMap:
    """SmoothGrad (Smilkov et al., 2017) of MONAI: size of the gradient of the class's logit over noisy images.

    The score is the square root of the sum of the squared gradients, divided by the number of samples, and summed over
    the channels. All samples ask for the class of the image without noise. The noise has one seed for all
    images, so that a map doesn't depend on the batch its image comes in. The global random state is left as it was.

    Args:
        network: a classifier that maps BCHW[D] to logits BC; its parameters may be frozen.
        samples: noisy images; each costs a forward and a backward pass.
        noise: standard deviation as a share of the image's range of values.
        seed: seed of the noise.
    """

    def __init__(self, network: nn.Module, samples: int = 25, noise: float = 0.15, seed: int = 0) -> None:
        self.network = network
        self.samples = samples
        self.noise = noise
        self.seed = seed

    def explain(self, images: Tensor) -> Tensor:
        """Return the maps, shape B1HW[D], not negative, of images of shape BCHW[D]."""
        with studied(self.network) as network:
            channels_last(network, images)
            smooth = SmoothGrad(network, stdev_spread=self.noise, n_samples=self.samples, verbose=False)
            return torch.cat([self._map(smooth, image) for image in plain_images(images).split(1)])

    def _map(self, smooth: SmoothGrad, image: Tensor) -> Tensor:
        label = smooth.model(image).argmax(1)
        with torch.random.fork_rng(devices=[image.device] if image.is_cuda else []):
            torch.manual_seed(self.seed)
            return smooth(image, index=label).sum(dim=1, keepdim=True)
