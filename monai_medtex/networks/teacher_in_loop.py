# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import torch
from torch import nn

from .baselines import ZeroBaseline, masked
from .frozen_teacher import FrozenTeacher

__all__ = ["TeacherInLoop"]


class TeacherInLoop:
    """Show a frozen classifier what theta keeps, and what is left when that is deleted.

    No gradient changes the classifier, so theta cannot agree on a code with it; gradients flow through it to theta.
    Fong et al., "Understanding deep networks via extremal perturbations", ICCV 2019; Jethani et al., "FastSHAP",
    ICLR 2022, for a surrogate in place of the teacher that has seen masked images.

    Args:
        judge: the teacher, or a surrogate fitted to masked images.
        baseline: what removed pixels become; None for :class:`ZeroBaseline`.
    """

    def __init__(self, judge: FrozenTeacher, baseline: nn.Module | None = None) -> None:
        self.judge = judge
        self.baseline = ZeroBaseline() if baseline is None else baseline

    def __repr__(self) -> str:
        return f"{type(self).__name__}(baseline={self.baseline})"

    def __call__(self, x: torch.Tensor, theta: torch.Tensor) -> dict[str, torch.Tensor]:
        """Judge both views.

        Args:
            x: images, shape BCHW[D].
            theta: shape B1HW[D] or BCHW[D].

        Returns:
            ``kept_logits`` of ``theta * x + (1 - theta) * b`` and ``deleted_logits`` of the reverse, shape BC each.
        """
        removed = self.baseline(x)
        network = self.judge.network.eval()
        return {
            "kept_logits": network(masked(x, theta, removed)),
            "deleted_logits": network(masked(removed, theta, x)),
        }
