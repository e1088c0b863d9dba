# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from monai.inferers import Inferer

from monai_medtex.metrics import probabilities
from monai_medtex.networks import ClassExplainer, ExplainedClassifier
from monai_medtex.utils import InputError

from .distillation import prepared

__all__ = ["ClassExplanationInferer", "map_of_answer"]


def map_of_answer(maps: torch.Tensor, logits: torch.Tensor, activation: str = "softmax") -> torch.Tensor:
    """Choose the map of what is answered.

    Args:
        maps: of each class, shape BKHW[D].
        logits: shape BK.
        activation: ``"softmax"`` for the most probable class; ``"sigmoid"`` for all labels that are more probable than
            not, of whose maps the highest score counts, or the most probable label where there is none.

    Returns:
        shape B1HW[D].
    """
    known = probabilities(logits, activation)
    answered = known == known.amax(dim=1, keepdim=True)
    if activation == "sigmoid":
        answered = answered | (known > 0.5)
    chosen = answered.view(*known.shape, *[1] * (maps.ndim - 2))
    return maps.masked_fill(~chosen, 0).amax(dim=1, keepdim=True)


class ClassExplanationInferer(Inferer):
    """Classify with the deployed pair, and say what speaks for its answer, or for one class.

    Args:
        class_names: names of the classes or labels.
        why: the one to explain; None for what is answered.
        activation: see :func:`map_of_answer`.
        amp: whether to run under bfloat16 autocast.

    Raises:
        InputError: When there is no class ``why``.
    """

    def __init__(
        self, class_names: Sequence[str], why: str | None = None, activation: str = "softmax", amp: bool = False
    ) -> None:
        super().__init__()
        if why is not None and why not in class_names:
            raise InputError(f"why must be one of {', '.join(class_names)} but is '{why}'")
        self.number = None if why is None else list(class_names).index(why)
        self.activation = activation
        self.amp = amp

    def __call__(self, inputs: torch.Tensor, network: ExplainedClassifier, *args: Any, **kwargs: Any) -> dict:  # type: ignore[override]  # noqa: ANN401
        """Run explainer and student.

        Args:
            inputs: images X, shape BCHW[D].
            network: whose explainer is a :class:`monai_medtex.networks.ClassExplainer`.
            args: unused.
            kwargs: unused.

        Returns:
            a dict of ``logits``, shape BK, and ``theta``, shape B1HW[D].

        Raises:
            InputError: When the explainer has no scores for each class.
        """
        if not isinstance(network.explainer, ClassExplainer):
            raise InputError(f"why: {type(network.explainer).__name__} has no scores for each class")
        images = prepared(inputs)
        with torch.autocast(images.device.type, dtype=torch.bfloat16, enabled=self.amp):
            maps = network.explainer.classes(images)
            logits = network.classify(images, maps.amax(dim=1, keepdim=True))
        if self.number is None:
            return {"logits": logits, "theta": map_of_answer(maps, logits, self.activation)}
        return {"logits": logits, "theta": maps[:, self.number : self.number + 1]}
