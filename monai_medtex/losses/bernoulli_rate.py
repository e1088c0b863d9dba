# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import torch
from torch.distributions import Bernoulli, kl_divergence
from torch.nn.modules.loss import _Loss

from monai_medtex.utils import InputError

from .precision import at_least_float32

__all__ = ["BernoulliRateLoss"]


class BernoulliRateLoss(_Loss):
    """Cost of telling which pixels are shown: ``mean KL(Bernoulli(theta) || Bernoulli(rate))``, in nats per pixel.

    The compression term of VIBI (Bang et al., "Explaining a black-box by using a deep variational information
    bottleneck approach", AAAI 2021) for pixels that are shown independently. Computed in float32 at least.

    Args:
        rate: how probable a pixel is shown a priori, between 0 and 1.

    Raises:
        InputError: When ``rate`` is not between 0 and 1.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        if not 0 < rate < 1:
            raise InputError(f"rate must lie between 0 and 1 but is {rate}.")
        self.rate = rate

    def extra_repr(self) -> str:
        """Show the settings."""
        return f"rate={self.rate}"

    def forward(self, theta: torch.Tensor) -> torch.Tensor:
        """Return the loss, a scalar, of theta in [0, 1] of shape BCHW[D]."""
        theta = at_least_float32(theta)
        shown = Bernoulli(theta, validate_args=False)
        return kl_divergence(shown, Bernoulli(theta.new_tensor(self.rate), validate_args=False)).mean()
