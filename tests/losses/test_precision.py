# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch

from monai_medtex.losses.precision import at_least_float32


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        (torch.float16, torch.float32),
        (torch.bfloat16, torch.float32),
        (torch.float32, torch.float32),
        (torch.float64, torch.float64),
    ],
)
def test_precision_never_falls(dtype, expected):
    x = torch.tensor([0.25, -3.0], dtype=dtype, requires_grad=True)
    y = at_least_float32(x)
    assert y.dtype == expected
    assert y.tolist() == x.tolist()
    y.sum().backward()
    assert x.grad.tolist() == [1, 1]
