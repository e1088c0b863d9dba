# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch
from torch import nn

from monai_medtex.networks import RandomMaskMixIn
from monai_medtex.utils import InputError


class Twos(nn.Module):
    def forward(self, theta: torch.Tensor) -> torch.Tensor:
        return torch.full_like(theta[:, :1], 2)


@pytest.mark.parametrize("channels", [1, 3])
def test_whole_images_are_replaced_at_the_given_rate(channels):
    torch.manual_seed(0)
    theta = torch.rand(4000, channels, 2, 2)
    shown = RandomMaskMixIn(Twos(), 0.25)(theta)
    replaced = (shown == 2).flatten(1).all(dim=1)
    assert torch.equal(shown[~replaced], theta[~replaced])
    assert replaced.float().mean().item() == pytest.approx(0.25, abs=0.03)  # over 4 standard errors


def test_the_limits_and_eval_mode():
    theta = torch.rand(8, 1, 2, 2, requires_grad=True)
    assert torch.equal(RandomMaskMixIn(Twos(), 0)(theta), theta)
    assert (RandomMaskMixIn(Twos(), 1)(theta) == 2).all()
    assert RandomMaskMixIn(Twos(), 1).eval()(theta) is theta


def test_a_share_out_of_range_is_refused():
    with pytest.raises(InputError, match="share must be in 0..1 but is 1.5"):
        RandomMaskMixIn(Twos(), 1.5)
