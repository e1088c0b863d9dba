# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Sequence

import torch

from .class_evidence import ClassEvidence, log_odds, smooth_evidence, weigh_places

__all__ = ["PerClassEvidence"]


class PerClassEvidence(ClassEvidence):
    """What each place in the teacher's own features weighs for each class, times the class's probability.

    As :class:`ClassEvidence`, but for all classes and not only the teacher's answer. A class that the teacher rejects
    has faint evidence.

    Args:
        teacher: the frozen teacher; it may tap other layers besides.
        layers: dotted names of its layers, in any order.
        smoothing: see :func:`smooth_evidence`.
        power: see :func:`smooth_evidence`.
        activation: ``"softmax"`` for one class of several, whose log-odds count; ``"sigmoid"`` for labels that hold or
            not, each for itself, whose logit counts.

    Raises:
        InputError: As :class:`ClassEvidence`.
    """

    activations: tuple[str, ...] = ("softmax", "sigmoid")

    def _evidence(self, logits: torch.Tensor, outputs: Sequence[torch.Tensor]) -> torch.Tensor:
        scores = self._scores(logits)
        found = [shares.flatten(0, 1).unsqueeze(1) for shares in weigh_places(scores, outputs)]
        evidence = smooth_evidence(found, self.smoothing, self.power).unflatten(0, scores.shape).squeeze(2)
        return evidence * scores.detach().sigmoid().view(*scores.shape, *[1] * (evidence.ndim - 2))

    def _scores(self, logits: torch.Tensor) -> torch.Tensor:
        """Logarithm of the odds of each class, shape BK."""
        if self.activation == "sigmoid":
            return logits
        each = logits.new_zeros(len(logits), dtype=torch.long)
        return torch.stack([log_odds(logits, each + number) for number in range(logits.shape[1])], dim=1)
