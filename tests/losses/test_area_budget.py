# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch

from monai_medtex.losses import AreaBudgetLoss
from monai_medtex.utils import InputError


@pytest.mark.parametrize("size", [(2, 2), (2, 2, 1)])
def test_by_hand(size):
    """Areas 0.5 and 0.1 against 0.2: (0.3^2 + 0.1^2) / 2 = 0.05; the mean over both images would be 0.01."""
    theta = torch.tensor([[0.0, 1.0, 0.25, 0.75], [0.4, 0.0, 0.0, 0.0]]).view(2, 1, *size)
    assert AreaBudgetLoss(0.2)(theta).item() == pytest.approx(0.05)


def test_all_channels_count():
    theta = torch.cat([torch.ones(1, 1, 3, 3), torch.zeros(1, 1, 3, 3)], dim=1)
    assert AreaBudgetLoss(0.5)(theta).item() == 0


def test_descent_reaches_the_budget():
    theta = torch.full((2, 1, 4, 4), 0.9, requires_grad=True)
    AreaBudgetLoss(0.1)(theta).backward()
    # the derivative of (mean - 0.1)^2 / 2 for each of 16 pixels: 2 * 0.8 / 16 / 2
    torch.testing.assert_close(theta.grad, torch.full_like(theta, 0.05))


def test_half_precision_is_summed_in_single():
    theta = torch.full((1, 1, 300, 300), 0.25, dtype=torch.float16)
    loss = AreaBudgetLoss(0.5)(theta)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(0.0625)


@pytest.mark.parametrize("area", [-0.1, 1.5])
def test_refuses_what_is_no_share(area):
    with pytest.raises(InputError, match=rf"area must lie in \[0, 1\] but is {area}"):
        AreaBudgetLoss(area)
