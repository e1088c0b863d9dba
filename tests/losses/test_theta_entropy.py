# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math

import pytest
import torch

from monai_medtex.losses import ThetaEntropyLoss


@pytest.mark.parametrize("size", [(4, 5), (2, 3, 4)])
def test_matches_a_loop_over_pixels(size):
    theta = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    nats = [-t * math.log(t) - (1 - t) * math.log(1 - t) for t in theta.flatten().tolist()]
    assert ThetaEntropyLoss()(theta).item() == pytest.approx(sum(nats) / len(nats))


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_certainty_costs_nothing_and_one_half_costs_log_2(dtype):
    assert ThetaEntropyLoss()(torch.tensor([[[[0.0, 1.0]]]], dtype=dtype)).item() == pytest.approx(0, abs=1e-5)
    loss = ThetaEntropyLoss()(torch.full((1, 1, 2, 2), 0.5, dtype=dtype))
    assert loss.item() == pytest.approx(math.log(2))
    assert loss.dtype == torch.float32


def test_the_gradient_drives_away_from_one_half_and_is_finite_at_the_ends():
    theta = torch.tensor([0.2, 0.5, 0.9, 0.6], dtype=torch.float64).view(1, 1, 2, 2).requires_grad_()
    ThetaEntropyLoss()(theta).backward()
    torch.testing.assert_close(theta.grad, -torch.logit(theta.detach()) / 4)
    ends = torch.tensor([0.0, 1.0]).view(1, 1, 1, 2).requires_grad_()
    ThetaEntropyLoss()(ends).backward()
    assert ends.grad.isfinite().all()
