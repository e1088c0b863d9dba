# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0
"""Overlap of the K highest-scoring pixels with the lesion."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from .image_rows import ImageRowMetric
from .lesion_mask import image_pixels, lesion_beside, lesion_pixels
from .topk_selection import pixel_scores, ranked_pixels, topk_pixels

__all__ = ["PAPER_KS", "TopKIoU", "ceiling_iou", "chance_iou", "paper_topk_iou", "topk_iou"]

PAPER_KS = (1, 2, 3, 4, 5, 6)


def _image_size(lesion: Tensor) -> Tensor:
    return image_pixels(lesion).flatten(1).sum(dim=1)


def _areas(lesion: Tensor, ks: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Selected pixels per k, shape (B, len(ks)), and lesion pixels, shape (B, 1), NaN where there are none."""
    sizes = _image_size(lesion).tolist()
    selected = torch.tensor([[topk_pixels([size], k) for k in ks] for size in sizes], device=lesion.device)
    area = lesion_pixels(lesion).sum(dim=1, keepdim=True).float()
    return selected.view(len(sizes), len(ks)), area.where(area > 0, torch.nan)


def topk_iou(scores: Tensor, lesion: Tensor, ks: Sequence[int] = PAPER_KS, seed: int = 0) -> Tensor:
    """Intersection over union of the K highest-scoring pixels and the lesion, ``|A and B| / |A or B|``.

    Args:
        scores: shape BCHW[D]; several channels are averaged.
        lesion: ground truth of shape B1HW[D]; a pixel above 0.5 belongs to the lesion, one below 0 is padding, is never
            selected, and counts for no share of the image.
        ks: steps of K, see :func:`~monai_medtex.metrics.topk_pixels`.
        seed: seed of the permutation that breaks ties, see :func:`~monai_medtex.metrics.ranked_pixels`.

    Returns:
        the IoU of each image and k, shape (B, len(ks)); NaN where the image has no lesion.

    Raises:
        InputError: when the shapes do not fit.
    """
    inside = lesion_beside(scores, lesion)
    lesion = lesion.to(scores.device)
    selected, area = _areas(lesion, ks)
    shown = pixel_scores(scores).masked_fill(~image_pixels(lesion), -torch.inf)
    ranked = ranked_pixels(shown, topk_pixels(scores.shape[2:], max(ks)), seed)
    hits = inside.gather(1, ranked).cumsum(dim=1).gather(1, selected - 1)
    return hits / (selected + area - hits)


def paper_topk_iou(iou: Tensor) -> Tensor:
    """The paper's score, eq. 14: ``2 |A and B| / |A or B|``, twice the IoU.

    It is 2 for a perfect selection, hence no IoU, and no Dice score either (``2 |A and B| / (|A| + |B|)``). Only for
    comparison with the paper's figure 2.

    Args:
        iou: true IoU of any shape.

    Returns:
        the paper's score, same shape.
    """
    return 2 * iou


def chance_iou(lesion: Tensor, ks: Sequence[int] = PAPER_KS) -> Tensor:
    """What K random pixels score, as a plug-in: the IoU at the expected overlap K g / N.

    With N pixels of which g are lesion this is ``(K g / N) / (K + g - K g / N)``. The IoU is a convex function of the
    overlap, so that its exact expectation is slightly higher; the difference vanishes as K and g grow.

    Args:
        lesion: ground truth of shape B1HW[D].
        ks: steps of K.

    Returns:
        the plug-in of each image and k, shape (B, len(ks)); NaN where the image has no lesion.
    """
    selected, area = _areas(lesion, ks)
    overlap = selected * (area / _image_size(lesion)[:, None])
    return overlap / (selected + area - overlap)


def ceiling_iou(lesion: Tensor, ks: Sequence[int] = PAPER_KS) -> Tensor:
    """The best IoU that K pixels can reach with a lesion of g pixels, min(K, g) / max(K, g).

    Args:
        lesion: ground truth of shape B1HW[D].
        ks: steps of K.

    Returns:
        the ceiling of each image and k, shape (B, len(ks)); NaN where the image has no lesion.
    """
    selected, area = _areas(lesion, ks)
    return torch.minimum(selected, area) / torch.maximum(selected, area)


class TopKIoU(ImageRowMetric):
    """IoU at top K beside its chance level and its ceiling, called with theta BCHW[D] and the lesion B1HW[D].

    Also takes lists of both without the batch dimension. The buffer holds per image the IoU, the chance level and the
    ceiling, each for every k; they are NaN for an image without lesion, which is counted and not averaged.

    Args:
        ks: steps of K, see :func:`~monai_medtex.metrics.topk_pixels`.
        seed: seed of the permutation that breaks ties, see :func:`~monai_medtex.metrics.ranked_pixels`.
    """

    def __init__(self, ks: Sequence[int] = PAPER_KS, seed: int = 0) -> None:
        super().__init__()
        self.ks = tuple(ks)
        self.seed = seed
        self.width = 3 * len(self.ks)

    def _compute_tensor(self, y_pred: Tensor, y: Tensor) -> Tensor:  # type: ignore[override]
        iou = topk_iou(y_pred, y, self.ks, self.seed)
        levels = (chance_iou(y, self.ks), ceiling_iou(y, self.ks))
        return torch.cat([iou, *(level.to(iou.device) for level in levels)], dim=1)

    def aggregate(self) -> dict[str, float]:
        """Means over all images with a lesion, over all ranks, since the last reset.

        Returns:
            ``iou_top{k}`` for each k and their mean ``iou_mean``; the same with the prefix ``paper_`` for eq. 14;
            ``iou_chance`` and ``iou_ceiling``, means over images and k; ``lesion_images`` and ``empty_images``, the
            numbers of images with and without lesion. Means are NaN where no image has a lesion.
        """
        rows = self.get_buffer()
        iou, chance, ceiling = rows.nanmean(dim=0).view(3, len(self.ks))
        names = [*(f"top{k}" for k in self.ks), "mean"]
        means = torch.cat([iou, iou.mean(dim=0, keepdim=True)])
        empty = int(rows[:, 0].isnan().sum())
        return {
            **{f"iou_{name}": mean for name, mean in zip(names, means.tolist(), strict=True)},
            **{f"paper_iou_{name}": mean for name, mean in zip(names, paper_topk_iou(means).tolist(), strict=True)},
            "iou_chance": chance.mean().item(),
            "iou_ceiling": ceiling.mean().item(),
            "lesion_images": len(rows) - empty,
            "empty_images": empty,
        }
