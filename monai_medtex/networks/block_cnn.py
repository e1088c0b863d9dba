# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from monai.networks.layers import Act, Conv, Norm, Pool
from torch import nn

from monai_medtex.utils import InputError

__all__ = ["BlockCNN"]


class BlockCNN(nn.Sequential):
    """Classifier of the MED-TEX paper: blocks of convolution 3x3, batch normalisation, max pooling, ReLU, and a head.

    With the default channels it is the paper's teacher (390,466 parameters for RGB images and two classes), with
    ``(2, 4, 8, 16)`` its student (1,726). Batch normalisation has no affine parameters, and the fully connected layer
    reads a map pooled to two pixels per axis, which is what reproduces the paper's counts.
    The blocks are the layers ``block1``, ``block2``, ...

    Nguyen-Duc et al., "MED-TEX", ISBI 2022, section 3.

    Args:
        spatial_dims: 2 or 3.
        in_channels: channels of the image.
        num_classes: number of logits.
        channels: output channels of each block; every block halves the spatial size.

    Raises:
        InputError: When ``channels`` is empty.
    """

    def __init__(
        self, spatial_dims: int, in_channels: int, num_classes: int, channels: Sequence[int] = (32, 64, 128, 256)
    ) -> None:
        if not channels:
            hint = " (a run with another teacher needs the teacher's config file as well)" if channels is None else ""
            raise InputError(f"channels must name at least one block but is {channels}{hint}.")
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        for number, (before, after) in enumerate(zip((in_channels, *channels[:-1]), channels, strict=True), start=1):
            layers[f"block{number}"] = nn.Sequential(
                Conv[Conv.CONV, spatial_dims](before, after, kernel_size=3, padding=1),
                Norm[Norm.BATCH, spatial_dims](after, affine=False),
                Pool[Pool.MAX, spatial_dims](kernel_size=2),
                Act[Act.RELU](),
            )
        layers["pool"] = Pool[Pool.ADAPTIVEAVG, spatial_dims](2)
        layers["flatten"] = nn.Flatten()
        layers["fc"] = nn.Linear(channels[-1] * 2**spatial_dims, num_classes)
        super().__init__(layers)
