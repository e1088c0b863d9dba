# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from typing import Any

import torch
from monai.engines import PrepareBatch
from monai.utils import CommonKeys, convert_to_tensor
from torch import Tensor, nn

from monai_medtex.networks import masked

__all__ = ["RandomlyMaskedBatch"]


class RandomlyMaskedBatch(PrepareBatch):
    """What EVAL-X is trained on: images under random masks, and the teacher's answers to the whole images.

    Jethani et al., "Have we learned to explain?", AISTATS 2021: an evaluator that has met every kind of mask, and no
    mask of an explainer, can read nothing from a mask but the pixels that it shows.

    Args:
        teacher: maps images BCHW[D] to logits BC.
        masks: draws masks B1HW[D] for tensors of shape BCHW[D], such as :class:`monai_medtex.networks.RandomMasks`.
        baseline: what a removed pixel becomes.
    """

    def __init__(self, teacher: nn.Module, masks: nn.Module, baseline: nn.Module) -> None:
        self.teacher = teacher
        self.masks = masks
        self.baseline = baseline

    @torch.no_grad()
    def __call__(
        self,
        batchdata: dict[str, Tensor],
        device: str | torch.device | None = None,
        non_blocking: bool = False,
        **kwargs: Any,  # noqa: ANN401
    ) -> tuple[Tensor, Tensor]:
        """Return masked images, shape BCHW[D], and the teacher's logits, shape BC."""
        images = convert_to_tensor(batchdata[CommonKeys.IMAGE], track_meta=False)
        images = images.to(device=device, non_blocking=non_blocking, **kwargs)
        return masked(images, self.masks(images), self.baseline(images)), self.teacher(images)
