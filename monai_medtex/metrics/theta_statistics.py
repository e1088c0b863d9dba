# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0
"""What the values of theta look like, for the training log."""

from __future__ import annotations

import torch
from monai.utils import convert_to_tensor
from torch import Tensor

from .image_rows import ImageRowMetric
from .lesion_mask import image_pixels

__all__ = ["STATISTICS", "ThetaStatistics", "theta_statistics"]

STATISTICS = ("mean", "std", "above_half", "saturated")
SATURATED_BELOW, SATURATED_ABOVE = 0.01, 0.99


def theta_statistics(theta: Tensor, lesion: Tensor | None = None) -> Tensor:
    """Mean, population standard deviation, share above 0.5 and share below 0.01 or above 0.99, over the image's pixels.

    Args:
        theta: scores in [0, 1] of shape BCHW[D].
        lesion: ground truth of shape B1HW[D] that marks padding; None where there is none.

    Returns:
        the four :data:`STATISTICS` of each image, shape (B, 4).
    """
    scores = convert_to_tensor(theta, dtype=torch.float32, track_meta=False)
    inside = torch.ones_like(scores[:, :1]) if lesion is None else image_pixels(lesion).to(scores)
    weight = inside.expand_as(scores).flatten(1)
    weight = weight / weight.sum(dim=1, keepdim=True)
    flat = scores.flatten(1)
    mean = (weight * flat).sum(dim=1)
    variance = (weight * (flat - mean[:, None]) ** 2).sum(dim=1)
    saturated = (flat < SATURATED_BELOW) | (flat > SATURATED_ABOVE)
    shares = [(weight * chosen).sum(dim=1) for chosen in (flat > 0.5, saturated)]
    return torch.stack([mean, variance.sqrt(), *shares], dim=1)


class ThetaStatistics(ImageRowMetric):
    """Means over images of :func:`theta_statistics`.

    Called with theta, shape BCHW[D] or a list of CHW[D], and the ground truth that marks padding, if any.
    Nothing in the paper's loss bounds theta; these figures show a map that stays broad, shrinks or saturates.
    """

    width = len(STATISTICS)

    def _compute_tensor(self, y_pred: Tensor, y: Tensor | None = None) -> Tensor:  # type: ignore[override]
        return theta_statistics(y_pred, y)

    def aggregate(self) -> dict[str, float]:
        """Means over all images and ranks since the last reset.

        Returns:
            ``theta_mean``, ``theta_std``, ``theta_above_half`` and ``theta_saturated``; NaN where there was no image.
        """
        means = self.get_buffer().mean(dim=0).tolist()
        return {f"theta_{name}": mean for name, mean in zip(STATISTICS, means, strict=True)}
