# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch
from monai.transforms import Resize, SpatialPad

from monai_medtex.comparison import to_native


@pytest.mark.parametrize("shape", [(64, 64), (90, 61), (61, 90), (200, 133), (33, 100), (40, 30, 20)])
def test_inverts_the_preprocessing(shape: tuple[int, ...]) -> None:
    # A linear ramp per axis survives linear interpolation but at the borders, whatever the factor.
    grids = torch.meshgrid(*(torch.linspace(0, 1, size) for size in shape), indexing="ij")
    ramps = torch.stack(grids)
    mode = "trilinear" if len(shape) == 3 else "bilinear"
    fitted = SpatialPad([48] * len(shape))(Resize(48, size_mode="longest", mode=mode, align_corners=False)(ramps))
    assert fitted.shape[1:] == (48,) * len(shape)
    restored = to_native(torch.as_tensor(fitted), shape)
    assert restored.shape == ramps.shape
    # half a pixel of the smaller grid, which is all that clamping at a border can move a ramp
    assert (restored - ramps).abs().amax() < 0.5 * max(1 / round(48 * min(shape) / max(shape)), 1 / min(shape)) + 1e-4


def test_padding_does_not_leak_in() -> None:
    fitted = SpatialPad([16, 16], value=-100)(torch.ones(1, 16, 9))
    assert torch.equal(to_native(torch.as_tensor(fitted), (32, 18)), torch.ones(1, 32, 18))
