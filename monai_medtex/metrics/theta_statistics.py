# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0
"""What the values of theta look like, for the training log."""

from __future__ import annotations

import torch
from monai.utils import convert_to_tensor
from torch import Tensor

from .image_rows import ImageRowMetric

__all__ = ["STATISTICS", "ThetaStatistics", "theta_statistics"]

STATISTICS = ("mean", "std", "above_half", "saturated")
SATURATED_BELOW, SATURATED_ABOVE = 0.01, 0.99


def theta_statistics(theta: Tensor) -> Tensor:
    """Mean, population standard deviation, share above 0.5 and share below 0.01 or above 0.99, over all values.

    Args:
        theta: scores in [0, 1] of shape BCHW[D].

    Returns:
        the four :data:`STATISTICS` of each image, shape (B, 4).
    """
    flat = convert_to_tensor(theta, dtype=torch.float32, track_meta=False).flatten(1)
    saturated = (flat < SATURATED_BELOW) | (flat > SATURATED_ABOVE)
    shares = [(flat > 0.5).float().mean(dim=1), saturated.float().mean(dim=1)]
    return torch.stack([flat.mean(dim=1), flat.std(dim=1, correction=0), *shares], dim=1)


class ThetaStatistics(ImageRowMetric):
    """Means over images of :func:`theta_statistics`, called with theta BCHW[D] or a list of CHW[D].

    Nothing in the paper's loss bounds theta; these figures show a map that stays broad, shrinks or saturates.
    """

    width = len(STATISTICS)

    def _compute_tensor(self, y_pred: Tensor, y: Tensor | None = None) -> Tensor:  # type: ignore[override]
        return theta_statistics(y_pred)

    def aggregate(self) -> dict[str, float]:
        """Means over all images and ranks since the last reset.

        Returns:
            ``theta_mean``, ``theta_std``, ``theta_above_half`` and ``theta_saturated``; NaN where there was no image.
        """
        means = self.get_buffer().mean(dim=0).tolist()
        return {f"theta_{name}": mean for name, mean in zip(STATISTICS, means, strict=True)}
