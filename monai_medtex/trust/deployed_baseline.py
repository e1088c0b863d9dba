# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import torch
from torch import nn

from monai_medtex.networks import ZeroBaseline, masked

__all__ = ["baseline_of", "masked_by"]


def baseline_of(network: nn.Module) -> nn.Module:
    """Return what a removed pixel becomes in a deployed network; black for one that does not say."""
    found = getattr(network, "baseline", None)
    return ZeroBaseline() if found is None else found


def masked_by(network: nn.Module, x: torch.Tensor, theta: torch.Tensor) -> torch.Tensor:
    """Return what the student of a deployed network sees of images, as its ``mask`` says; ``theta * x`` without one.

    Args:
        network: what is deployed.
        x: images, shape BCHW[D].
        theta: shape B1HW[D] or BCHW[D].

    Returns:
        shape BCHW[D].
    """
    found = getattr(network, "mask", None)
    return masked(x, theta, baseline_of(network)(x)) if found is None else found(x, theta)
