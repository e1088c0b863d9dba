# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch

__all__ = ["at_least_float32", "without_autocast"]


def at_least_float32(x: torch.Tensor) -> torch.Tensor:
    """Bring half precision to float32, and leave float32 and float64 as they are."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def without_autocast(device: torch.device) -> AbstractContextManager:
    """Leave autocast, where the device has one, for what half precision would spoil."""
    available = torch.amp.is_autocast_available(device.type)
    return torch.autocast(device.type, enabled=False) if available else nullcontext()
