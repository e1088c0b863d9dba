# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Sequence

import torch

from monai_medtex.utils import InputError

from .class_evidence import ClassEvidence, _leaves, log_odds, smooth_evidence
from .frozen_teacher import FrozenTeacher
from .layer_taps import tap_layers

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
        InputError: As :class:`ClassEvidence`, and when no layer is named.
    """

    def __init__(
        self,
        teacher: FrozenTeacher,
        layers: Sequence[str],
        smoothing: float = 0.0,
        power: float = 1.0,
        activation: str = "softmax",
    ) -> None:
        super().__init__(teacher, layers, smoothing, power)
        if not layers:
            raise InputError("evidence layers must name a layer of the teacher but is empty")
        self.activation = activation

    def tap(self, x: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor], torch.Tensor]:
        """Classify images once, and return the teacher's tapped layers and its evidence too.

        Args:
            x: images, shape BCHW[D].

        Returns:
            logits, shape BK, and the teacher's tapped layers, as :meth:`FrozenTeacher.tap`; and the fused evidence for
            each of the K classes, shape BKHW[D] in [0, 1].
        """
        network = self.teacher.network.eval()
        with (
            torch.enable_grad(),
            _leaves(network, self.layers) as leaves,
            tap_layers(network, self.teacher.layers) as maps,
        ):
            logits = network(x)
            outputs = [leaves[name] for name in self.layers]
            scores = self._scores(logits.float())
            weighed = [self._weighed(score, outputs) for score in scores.unbind(dim=1)]
        found = [torch.stack(each, dim=1).flatten(0, 1).unsqueeze(1) for each in zip(*weighed, strict=True)]
        evidence = smooth_evidence(found, self.smoothing, self.power)
        evidence = evidence.unflatten(0, scores.shape).squeeze(2)
        probability = scores.detach().sigmoid().view(*scores.shape, *[1] * (x.ndim - 2))
        return logits.detach(), [maps[name].detach() for name in self.teacher.layers], evidence * probability

    def _scores(self, logits: torch.Tensor) -> torch.Tensor:
        """Logarithm of the odds of each class, shape BK."""
        if self.activation == "sigmoid":
            return logits
        each = logits.new_zeros(len(logits), dtype=torch.long)
        return torch.stack([log_odds(logits, each + number) for number in range(logits.shape[1])], dim=1)

    @staticmethod
    def _weighed(score: torch.Tensor, outputs: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """Share of each place in one score, shape BHW[D] for each layer."""
        gradients = torch.autograd.grad(score.sum(), outputs, retain_graph=True)
        return [
            (output * gradient).detach().float().sum(dim=1) for output, gradient in zip(outputs, gradients, strict=True)
        ]
