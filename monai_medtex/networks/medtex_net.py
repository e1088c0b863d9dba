# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Sequence

import torch
from monai.networks import eval_mode
from torch import nn
from typing_extensions import Self

from monai_medtex.utils import InputError

from .class_explainer import ClassExplainer
from .explained_classifier import ExplainedClassifier
from .frozen_teacher import FrozenTeacher
from .layer_taps import check_layers, tap_layers
from .random_symmetry import RandomSymmetry
from .vid_head import VIDHead

__all__ = ["MedTexNet"]


class MedTexNet(ExplainedClassifier):
    """What is trained: explainer, student, and one :class:`VIDHead` for each pair of layers.

    Without pairs it is the paper's MED-EX. The heads go through :meth:`forward`, so that distributed training reduces
    their gradients, and are left out of :meth:`deployable`.

    Args:
        explainer: maps images BCHW[D] to theta, B1HW[D] or BCHW[D].
        student: maps images BCHW[D] to logits BC.
        teacher: asked once for the shapes of its tapped layers, and not kept.
        student_layers: dotted name of the student's layer for each of ``teacher.layers``, in their order; a layer of
            the explainer is named with ``explainer.`` before it.
        image_shape: CHW[D] of an image, to find the channels of the layers.
        baseline: see :class:`ExplainedClassifier`.
        theta_sampling: maps theta to what the student is shown in its place in training, such as a draw.
        predictor_mode: maps theta, after ``theta_sampling``, to what the student is shown in training, such as
            :class:`RandomMaskMixIn`; None for the paper's joint training.
        mask_power: see :class:`ExplainedClassifier`.
        other_view: asks for theta of another view of the images, such as :class:`RandomSymmetry`; None to leave it out.

    Raises:
        InputError: When the student lacks a layer.
        InputError: When there are not as many student layers as teacher layers.
    """

    def __init__(
        self,
        explainer: nn.Module,
        student: nn.Module,
        teacher: FrozenTeacher,
        student_layers: Sequence[str],
        image_shape: Sequence[int],
        baseline: nn.Module | None = None,
        theta_sampling: nn.Module | None = None,
        predictor_mode: nn.Module | None = None,
        mask_power: float = 1.0,
        other_view: RandomSymmetry | None = None,
    ) -> None:
        super().__init__(explainer, student, baseline, mask_power)
        if len(student_layers) != len(teacher.layers):
            raise InputError(f"student_layers must pair with {teacher.layers} but is {tuple(student_layers)}.")
        self.student_layers = tuple(student_layers)
        for prefix, network in (("student.", student), ("explainer.", explainer)):
            names = [name.removeprefix(prefix) for name in self.tapped if name.startswith(prefix)]
            check_layers(network, names, "student_layers")
        self.frozen: set[str] = set()
        self.other_view = other_view
        self.class_scores = {"theta_classes": "explainer.score"} if isinstance(explainer, ClassExplainer) else {}
        self.shown = nn.Sequential(*filter(None, (theta_sampling, predictor_mode)))
        self.heads = nn.ModuleList(
            VIDHead(len(image_shape) - 1, student_map.shape[1], teacher_map.shape[1])
            for student_map, teacher_map in self._paired_maps(teacher, image_shape)
        )

    @property
    def tapped(self) -> tuple[str, ...]:
        """The student layers by their names in this module."""
        return tuple(name if name.startswith("explainer.") else f"student.{name}" for name in self.student_layers)

    def forward(self, x: torch.Tensor, distill: bool = False) -> torch.Tensor | dict:  # type: ignore[override]
        """Classify images; for training, return what the losses need.

        Args:
            x: images, shape BCHW[D].
            distill: whether to return a dict instead of the logits.

        Returns:
            the logits, shape BC, or a dict of ``logits``, ``theta``, and for each pair of layers ``mu``, shape BCHW[D],
            and ``variance``, shape C, as lists; with a :class:`ClassExplainer` also ``theta_classes``, shape BKHW[D];
            with ``other_view`` also ``other_theta``, of theta's shape, without gradient.
        """
        if not distill:
            return super().forward(x)
        with tap_layers(self, (*self.tapped, *self.class_scores.values())) as features:
            theta = self.explain(x)
            logits = self.classify(x, self.shown(theta))
        predicted = [head(features[name]) for head, name in zip(self.heads, self.tapped, strict=True)]
        return {
            "logits": logits,
            "theta": theta,
            "mu": [mu for mu, _ in predicted],
            "variance": [variance for _, variance in predicted],
            **{key: features[name].sigmoid() for key, name in self.class_scores.items()},
            **({} if self.other_view is None else {"other_theta": self.other_view(self.explain, x)}),
        }

    def freeze(self, part: str) -> None:
        """Let ``"student"`` or ``"explainer"`` learn no more: no gradients, no momentum, and eval mode from now on."""
        self.frozen.add(part)
        for parameter in self.get_submodule(part).eval().requires_grad_(False).parameters():
            parameter.grad = None

    def train(self, mode: bool = True) -> Self:
        """Set the mode of all but a frozen part."""
        super().train(mode)
        for part in self.frozen:
            self.get_submodule(part).eval()
        return self

    def deployable(self) -> ExplainedClassifier:
        """Return explainer and student without the heads; the weights are shared, not copied."""
        return ExplainedClassifier(self.explainer, self.student, self.baseline, self.mask_power)

    def _paired_maps(
        self, teacher: FrozenTeacher, image_shape: Sequence[int]
    ) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Run one blank image through all networks and return the paired layers."""
        if not self.tapped:
            return []
        device = next(teacher.parameters()).device
        _, teacher_maps = teacher.tap(torch.zeros(1, *image_shape, device=device))
        with eval_mode(self), tap_layers(self, self.tapped) as features:
            super().forward(torch.zeros(1, *image_shape, device=next(self.parameters(), torch.empty(0)).device))
        return [(features[name], taught) for name, taught in zip(self.tapped, teacher_maps, strict=True)]
