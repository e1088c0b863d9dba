# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from torch import nn

from monai_medtex.networks import ZeroBaseline

__all__ = ["baseline_of"]


def baseline_of(network: nn.Module) -> nn.Module:
    """Return what a removed pixel becomes in a deployed network; black for one that does not say."""
    found = getattr(network, "baseline", None)
    return ZeroBaseline() if found is None else found
