# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""What a classifier says of views of an image that show only a part of it: the core of occlusion and RISE."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from .studied import channels_last, studied

__all__ = ["change_of_probability"]


def change_of_probability(
    network: nn.Module, images: Tensor, baseline: Tensor, views: Iterable[tuple[Tensor, Tensor]]
) -> Tensor:
    """Average, per pixel, how much partial views of an image change the probability of its class.

    A view is ``shown * image + (1 - shown) * baseline``; its class is the one that the network gives the whole image.
    All images have the same views. Probabilities are kept in double precision, since those of a sure network differ
    from 1 by less than single precision resolves.

    Args:
        network: a classifier that maps BCHW[D] to logits BC.
        images: shape BCHW[D].
        baseline: what hidden pixels become, shape BCHW[D] or one that broadcasts to it.
        views: batches of masks in [0, 1], each of shape N1HW[D]: what is shown, and the weights of the pixels in the
            average. All views of a batch go through the network together, one image after the other.

    Returns:
        weighted mean of (probability of the view - probability of the whole image), shape B1HW[D], float32.
    """
    with studied(network) as copy, torch.no_grad():
        classify = channels_last(copy, images)
        whole, classes = classify(images).double().softmax(dim=1).max(dim=1)
        total = images.new_zeros(len(images), images[0, 0].numel(), dtype=torch.float64)
        weight = torch.zeros_like(total[:1])
        for shown, weights in views:
            probabilities = [
                classify(torch.lerp(hidden, image, shown)).double().softmax(dim=1)[:, label]
                for image, hidden, label in zip(images, baseline.expand_as(images), classes.tolist(), strict=True)
            ]
            changes = torch.stack(probabilities) - whole[:, None]
            total += changes @ weights.flatten(1).double()
            weight += weights.flatten(1).sum(dim=0, dtype=torch.float64)
        return (total / weight.clamp(min=1e-6)).float().view(-1, 1, *images.shape[2:])
