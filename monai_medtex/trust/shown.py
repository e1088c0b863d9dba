# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from torch import Tensor, nn

from monai_medtex.networks import ZeroBaseline

__all__ = ["baseline_of", "shown"]


def baseline_of(network: nn.Module) -> nn.Module:
    """Return what a removed pixel becomes in a deployed network; black for one that does not say."""
    found = getattr(network, "baseline", None)
    return ZeroBaseline() if found is None else found


def shown(images: Tensor, scores: Tensor, baseline: nn.Module) -> Tensor:
    """Show of each image what the scores let through: ``b(X) + scores * (X - b(X))``.

    Args:
        images: shape BCHW[D].
        scores: theta or a mask in [0, 1], shape B1HW[D] or BCHW[D].
        baseline: maps images BCHW[D] to what removed pixels become.

    Returns:
        the simplified images, shape BCHW[D].
    """
    removed = baseline(images)
    return removed + scores * (images - removed)
