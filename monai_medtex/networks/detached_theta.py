# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import torch
from torch import nn

__all__ = ["DetachedTheta"]


class DetachedTheta(nn.Module):
    """Let no gradient of the student reach the explainer, so that theta cannot learn to pass the answer on.

    What theta shows then comes from the other terms alone, such as the teacher's evidence.
    """

    def forward(self, theta: torch.Tensor) -> torch.Tensor:
        """Return theta, shape B1HW[D] or BCHW[D], without its graph."""
        return theta.detach()
