# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Sequence

import torch
from monai.networks import eval_mode
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

__all__ = ["complexity"]


def complexity(network: nn.Module, image_shape: Sequence[int]) -> dict[str, int]:
    """Count what a network costs.

    Args:
        network: maps images BCHW[D] to anything.
        image_shape: CHW[D] of one image.

    Returns:
        ``parameters``, ``macs`` (multiply-accumulates of its convolutions and linear layers for one image) and
        ``bytes`` (of its state dict).
    """
    weight = next(network.parameters(), torch.zeros(0))
    with eval_mode(network), FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, *image_shape, device=weight.device))
    return {
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "macs": counter.get_total_flops() // 2,
        "bytes": sum(tensor.numel() * tensor.element_size() for tensor in network.state_dict().values()),
    }
