# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0
"""How the scores of patches become what the features, or the image, are multiplied by."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from monai_medtex.utils import InputError

__all__ = ["ConcreteGate", "SoftGate"]


class SoftGate(nn.Module):
    """Soft attention: every patch weighs its softmax probability times the number of patches, so 1 on average.

    Xu et al., "Show, attend and tell", ICML 2015.
    """

    def forward(self, scores: torch.Tensor) -> torch.Tensor:
        """Weigh the patches.

        Args:
            scores: positive scores proportional to the softmax probabilities, shape B1HW[D].

        Returns:
            weights of mean 1, shape B1HW[D].
        """
        return scores / scores.flatten(1).mean(dim=1).view([-1] + [1] * (scores.ndim - 1))


class ConcreteGate(nn.Module):
    """Choose a few patches: relaxed draws in training, exactly the best ones otherwise.

    In training it is the largest, patch by patch, of ``patches`` independent draws of the concrete (Gumbel-softmax)
    distribution, so that the gradient reaches the scores. In eval mode the ``patches`` best are 1 and the others 0.

    Chen et al., "Learning to explain" (L2X), ICML 2018, ``Sample_Concrete``. With ``straight_through`` it is the
    gate of hard attention (Jang et al., "Categorical reparameterization with Gumbel-softmax", ICLR 2017).

    Args:
        patches: how many to choose.
        tau: temperature of the draws; small is close to a hard choice, large to none.
        straight_through: whether each draw opens one patch wholly, also in training, with the gradient of the relaxed
            draw; two draws may open the same patch.

    Raises:
        InputError: When ``patches`` or ``tau`` is not positive.
    """

    def __init__(self, patches: int = 6, tau: float = 0.5, straight_through: bool = False) -> None:
        super().__init__()
        if patches < 1:
            raise InputError(f"patches must be at least 1 but is {patches}.")
        if tau <= 0:
            raise InputError(f"tau must be positive but is {tau}.")
        self.patches = patches
        self.tau = tau
        self.straight_through = straight_through

    def forward(self, scores: torch.Tensor) -> torch.Tensor:
        """Open patches.

        Args:
            scores: positive scores proportional to the softmax probabilities, shape B1HW[D].

        Returns:
            the gate in [0, 1], shape B1HW[D].
        """
        flat = scores.flatten(1)
        if self.training:
            logits = flat.clamp_min(1e-30).log().unsqueeze(1).expand(-1, self.patches, -1)
            return F.gumbel_softmax(logits, tau=self.tau, hard=self.straight_through).amax(dim=1).view(scores.shape)
        best = flat.topk(self.patches, dim=1).indices
        return torch.zeros_like(flat).scatter(1, best, 1.0).view(scores.shape)
