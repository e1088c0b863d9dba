# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0
"""What a classifier says of images, in batches."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["class_probability", "predicted_class"]

Classify = Callable[[Tensor], Tensor]


@torch.no_grad()
def predicted_class(classify: Classify, images: Tensor, batch_size: int = 64) -> Tensor:
    """Arg max of the logits.

    Args:
        classify: takes images BCHW[D] and gives logits BC.
        images: shape BCHW[D].
        batch_size: images that the classifier sees at a time.

    Returns:
        class indices, shape B.
    """
    return torch.cat([classify(batch).argmax(dim=1) for batch in images.split(batch_size)])


@torch.no_grad()
def class_probability(classify: Classify, images: Tensor, classes: Tensor, batch_size: int = 64) -> Tensor:
    """Probability of one class of each image.

    Args:
        classify: takes images BCHW[D] and gives logits BC.
        images: shape BCHW[D].
        classes: class indices, shape B.
        batch_size: images that the classifier sees at a time.

    Returns:
        softmax probabilities in single precision, shape B.
    """
    logits = torch.cat([classify(batch) for batch in images.split(batch_size)])
    return logits.float().softmax(dim=1).gather(1, classes.unsqueeze(1))[:, 0]
