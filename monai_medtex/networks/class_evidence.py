# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from monai.visualize import default_upsampler
from torch import nn
from torch.nn import functional as F

from monai_medtex.utils import InputError

from .baselines import blur_baseline
from .frozen_teacher import FrozenTeacher
from .layer_taps import check_layers, hook_layers, tap_layers

__all__ = ["ClassEvidence", "log_odds", "smooth_evidence", "weigh_places"]


def log_odds(logits: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """Logarithm of the odds of each image's class against all others: the logit difference where there are two.

    Args:
        logits: shape BC.
        classes: class of each image, shape B.

    Returns:
        shape B.
    """
    own = F.one_hot(classes, logits.shape[1]).bool()
    return logits[own] - logits.masked_fill(own, -torch.inf).logsumexp(dim=1)


def weigh_places(scores: torch.Tensor, outputs: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """Share of each place in scores: ``sum_c A_c * d s / d A_c`` for each layer's output ``A`` and each score ``s``.

    Args:
        scores: shape BK, with their graph, which is gone then.
        outputs: of the layers, each of shape BCHW[D].

    Returns:
        shape BKHW[D] for each layer, without gradient.
    """
    shares: list[list[torch.Tensor]] = [[] for _ in outputs]
    for number, score in enumerate(scores.unbind(dim=1), start=1):
        gradients = torch.autograd.grad(score.sum(), outputs, retain_graph=number < scores.shape[1])
        for found, output, gradient in zip(shares, outputs, gradients, strict=True):
            found.append((output * gradient).detach().float().sum(dim=1))
    return [torch.stack(found, dim=1) for found in shares]


def smooth_evidence(maps: Sequence[torch.Tensor], smoothing: float = 0.0, power: float = 1.0) -> torch.Tensor:
    """Smooth and fuse maps of several layers: their geometric mean at the finest of their resolutions, in [0, 1].

    Negative values count as 0. Each map is divided by its maximum before, and the result again.

    Args:
        maps: each of shape B1HW[D].
        smoothing: standard deviation of a Gaussian, as a share of the map's longest side.
        power: to which the result is raised; above 1 it tells the peaks from the rest.

    Returns:
        shape B1HW[D] of the map with the most pixels; an image without positive evidence has zeros.
    """
    size = max((evidence.shape[2:] for evidence in maps), key=torch.Size.numel)
    enlarged = default_upsampler(size)
    positive = [enlarged(evidence.clamp(min=0)) for evidence in maps]
    if smoothing:
        positive = [blur_baseline(evidence, smoothing * max(size)) for evidence in positive]
    logs = [_to_maximum_1(evidence).log() for evidence in positive]
    return _to_maximum_1(torch.stack(logs).mean(dim=0).exp()) ** power


def _to_maximum_1(x: torch.Tensor) -> torch.Tensor:
    peak = x.flatten(1).amax(dim=1).view(-1, *[1] * (x.ndim - 1))
    return x / torch.where(peak > 0, peak, 1)


class ClassEvidence:
    """What each place in the teacher's own features weighs for the class that the teacher gives the image.

    For each layer it is ``sum_c A_c * d s / d A_c`` with the layer's output ``A`` and the log-odds ``s`` of the class.
    In the last layer before a linear classifier this is the exact share of each place in the logit; Grad-CAM, which
    averages the gradient over the map first, is not (Draelos and Carin, "Use HiResCAM instead of Grad-CAM", 2020).

    Args:
        teacher: the frozen teacher; it may tap other layers besides.
        layers: dotted names of its layers, in any order.
        smoothing: see :func:`smooth_evidence`.
        power: see :func:`smooth_evidence`.
        activation: of the teacher's answer; here ``"softmax"``, since the log-odds are those of one class per image.

    Raises:
        InputError: When no layer is named or the teacher lacks one, ``smoothing`` is negative, ``power`` is not
            positive, or ``activation`` is another.
    """

    activations: tuple[str, ...] = ("softmax",)

    def __init__(
        self,
        teacher: FrozenTeacher,
        layers: Sequence[str],
        smoothing: float = 0.0,
        power: float = 1.0,
        activation: str = "softmax",
    ) -> None:
        if activation not in self.activations:
            raise InputError(
                f"activation of {type(self).__name__} must be {' or '.join(self.activations)} but is '{activation}'; "
                "for several labels list theta_classes.json last"
            )
        if not layers:
            raise InputError("evidence layers must name a layer of the teacher but is empty")
        check_layers(teacher.network, layers, "evidence layers")
        if smoothing < 0:
            raise InputError(f"smoothing must not be negative but is {smoothing}.")
        if power <= 0:
            raise InputError(f"power must be positive but is {power}.")
        self.teacher = teacher
        self.layers = tuple(layers)
        self.smoothing = smoothing
        self.power = power
        self.activation = activation

    def __repr__(self) -> str:
        return f"{type(self).__name__}(layers={self.layers}, smoothing={self.smoothing}, power={self.power})"

    def tap(self, x: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor], torch.Tensor]:
        """Classify images once, and return the teacher's tapped layers and its evidence too.

        Args:
            x: images, shape BCHW[D].

        Returns:
            logits, shape BK, and the teacher's tapped layers, as :meth:`FrozenTeacher.tap`; and the fused evidence in
            [0, 1], of shape B1HW[D] for the teacher's answer, or BKHW[D] for each of its classes.
        """
        network = self.teacher.network.eval()
        with (
            torch.enable_grad(),
            _leaves(network, self.layers) as leaves,
            tap_layers(network, self.teacher.layers) as maps,
        ):
            logits = network(x)
            evidence = self._evidence(logits.float(), [leaves[name] for name in self.layers])
        return logits.detach(), [maps[name].detach() for name in self.teacher.layers], evidence

    def _evidence(self, logits: torch.Tensor, outputs: Sequence[torch.Tensor]) -> torch.Tensor:
        """Weigh the layers' outputs, and fuse what each place weighs, without gradient."""
        score = log_odds(logits, logits.argmax(dim=1))
        return smooth_evidence(weigh_places(score.unsqueeze(1), outputs), self.smoothing, self.power)


@contextmanager
def _leaves(network: nn.Module, layers: Sequence[str]) -> Iterator[dict[str, torch.Tensor]]:
    """Collect the layers' outputs; the graph starts at the first of them, so that nothing before it is stored."""
    found: dict[str, torch.Tensor] = {}

    def start(name: str, output: torch.Tensor) -> torch.Tensor:
        found[name] = output if output.requires_grad else output.detach().requires_grad_()
        return found[name].clone()

    with hook_layers(network, layers, start):
        yield found
