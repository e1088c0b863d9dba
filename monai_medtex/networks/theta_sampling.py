# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0
"""What the student sees of theta in training. In eval mode it is theta itself, since the deployed pair is soft."""

from __future__ import annotations

import torch
from torch import distributions, nn

from monai_medtex.utils import InputError

__all__ = ["RelaxedBernoulli", "StraightThroughTopK"]


class RelaxedBernoulli(nn.Module):
    """Show each pixel with the probability theta, relaxed so that the gradient reaches theta (binary concrete).

    Maddison et al., "The concrete distribution", ICLR 2017. A sample lies above 1/2 with the probability theta.

    Args:
        tau: temperature; small is close to a hard choice.

    Raises:
        InputError: When ``tau`` is not positive.
    """

    def __init__(self, tau: float = 0.5) -> None:
        super().__init__()
        if tau <= 0:
            raise InputError(f"tau must be positive but is {tau}.")
        self.tau = tau

    def extra_repr(self) -> str:
        """Show the settings."""
        return f"tau={self.tau}"

    def forward(self, theta: torch.Tensor) -> torch.Tensor:
        """Draw in training.

        Args:
            theta: probabilities, shape BCHW[D].

        Returns:
            a sample in [0, 1], or theta in eval mode, shape BCHW[D].
        """
        if not self.training:
            return theta
        logits = torch.logit(theta.float(), eps=1e-6)
        relaxed = distributions.RelaxedBernoulli(logits.new_tensor(self.tau), logits=logits, validate_args=False)
        return relaxed.rsample().to(theta.dtype)


class StraightThroughTopK(nn.Module):
    """Show exactly the highest scores of each image, with the gradient as if theta had been shown (straight through).

    Bengio et al., "Estimating or propagating gradients through stochastic neurons", 2013. Only the order of theta
    reaches the student in training, so its level, which counts in eval mode, is for a loss on theta to set.

    Args:
        share: how much of an image is shown, above 0 and up to 1; at least one pixel.

    Raises:
        InputError: When ``share`` is none.
    """

    def __init__(self, share: float = 0.1) -> None:
        super().__init__()
        if not 0 < share <= 1:
            raise InputError(f"share must be above 0 and at most 1 but is {share}.")
        self.share = share

    def extra_repr(self) -> str:
        """Show the settings."""
        return f"share={self.share}"

    def forward(self, theta: torch.Tensor) -> torch.Tensor:
        """Choose in training.

        Args:
            theta: scores, shape BCHW[D]; those of all channels compete.

        Returns:
            1 where chosen and 0 elsewhere, or theta in eval mode, shape BCHW[D].
        """
        if not self.training:
            return theta
        scores = theta.detach().flatten(1)
        chosen = scores.topk(max(1, round(self.share * scores.shape[1])), dim=1).indices
        hard = torch.zeros_like(scores).scatter(1, chosen, 1.0).view(theta.shape)
        return hard + (theta - theta.detach())
