# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from monai.inferers import SimpleInferer

from .distillation import prepared

__all__ = ["AutocastInferer"]


class AutocastInferer(SimpleInferer):
    """Run a classifier under bfloat16 autocast, also on a CPU, where MONAI's trainer has autocast for CUDA only.

    Args:
        amp: whether to. The logits are float32 either way, and no gradient scaler is needed.
    """

    def __init__(self, amp: bool = False) -> None:
        super().__init__()
        self.amp = amp

    def __call__(
        self,
        inputs: torch.Tensor,
        network: Callable[..., torch.Tensor],
        *args: Any,  # noqa: ANN401
        **kwargs: Any,  # noqa: ANN401
    ) -> torch.Tensor:
        """Classify.

        Args:
            inputs: images, shape BCHW[D].
            network: maps them to logits, shape BC.
            args: passed to ``network``.
            kwargs: passed to ``network``.

        Returns:
            the logits in float32, shape BC.
        """
        images = prepared(inputs)
        with torch.autocast(images.device.type, dtype=torch.bfloat16, enabled=self.amp):
            return super().__call__(images, network, *args, **kwargs).float()
