# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""Class activation maps: what the channels of one layer weigh for the class."""

from __future__ import annotations

from typing import ClassVar

from monai.visualize import GradCAM, GradCAMpp
from monai.visualize.class_activation_maps import ModelWithHooks
from torch import Tensor, nn

from monai_medtex.networks.layer_taps import check_layers

from .studied import plain_images, studied, unwrapped

__all__ = ["GradCAMMap", "GradCAMppMap"]


class _ClassOfEachImage(ModelWithHooks):
    """MONAI's hooks, with each image's own class as its score.

    ``ModelWithHooks`` takes the columns of all classes for all images, so in a batch the classes of the other images
    leak into a map. The score's value is 0: Grad-CAM++ multiplies by its exponential, a factor common to all pixels of
    an image, which would overflow for logits above 88.
    """

    def class_score(self, logits: Tensor, class_idx: Tensor) -> Tensor:  # type: ignore[override]
        own = logits.gather(1, class_idx[:, None])
        return (own - own.detach()).view(-1, *[1] * (self.activations[self.target_layers[0]].ndim - 1))


class GradCAMMap:
    """Grad-CAM (Selvaraju et al., ICCV 2017) of MONAI, for the class that the network gives each image.

    The channels of a layer, each weighted by the mean gradient of the class's logit, are summed; negative sums become
    0, and the map is upsampled linearly. MONAI's default post-processing is left out: it turns the map upside down.

    Args:
        network: a classifier that maps BCHW[D] to logits BC; its parameters may be frozen.
        target_layer: dotted name of the layer.

    Raises:
        InputError: when ``network`` lacks ``target_layer``.
    """

    method: ClassVar[type[GradCAM]] = GradCAM

    def __init__(self, network: nn.Module, target_layer: str = "block4") -> None:
        check_layers(unwrapped(network), [target_layer], "target_layer")
        self.network = network
        self.target_layer = target_layer

    def explain(self, images: Tensor) -> Tensor:
        """Return the maps, shape B1HW[D], not negative, of images of shape BCHW[D]."""
        with studied(self.network) as network:
            hooked = _ClassOfEachImage(network, self.target_layer, register_forward=True, register_backward=True)
            maps = self.method(hooked, self.target_layer, postprocessing=Tensor.detach)  # type: ignore[arg-type]
            return maps(plain_images(images).requires_grad_())


class GradCAMppMap(GradCAMMap):
    """Grad-CAM++ (Chattopadhyay et al., WACV 2018) of MONAI: as :class:`GradCAMMap`, with pixel-wise weights.

    The maps equal the published ones up to a positive factor per image, the exponential of the class's logit.
    """

    method = GradCAMpp
