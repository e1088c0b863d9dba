# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch
from monai.data import MetaTensor
from torch import nn

from monai_medtex.inferers import AutocastInferer


class NotesPrecision(nn.Linear):
    """A linear classifier that notes in which precision it computed."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits = super().forward(x.flatten(1))
        self.dtype = logits.dtype
        return logits


@pytest.mark.parametrize(("amp", "dtype"), [(False, torch.float32), (True, torch.bfloat16)])
def test_the_network_computes_in_the_precision_and_the_logits_are_float32(amp, dtype):
    network = NotesPrecision(8, 2, bias=False)
    nn.init.constant_(network.weight, 0.5)
    logits = AutocastInferer(amp)(MetaTensor(torch.ones(3, 2, 2, 2)), network)
    assert network.dtype == dtype
    assert type(logits) is torch.Tensor
    torch.testing.assert_close(logits, torch.full((3, 2), 4.0))  # 8 ones times 0.5


def test_gradients_are_float32():
    network = NotesPrecision(8, 2)
    AutocastInferer(True)(torch.ones(1, 2, 2, 2), network).sum().backward()
    torch.testing.assert_close(network.weight.grad, torch.ones(2, 8))
