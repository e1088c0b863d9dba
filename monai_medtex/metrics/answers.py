# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""What logits stand for: one class of several (softmax), or labels that hold or not, each for itself (sigmoid)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from monai_medtex.losses.precision import at_least_float32

from ..utils import InputError

__all__ = ["answer_text", "label_text", "log_probabilities", "probabilities"]

PROBABILITIES: dict[str, Callable[[Tensor], Tensor]] = {
    "softmax": lambda logits: logits.softmax(dim=1),
    "sigmoid": torch.sigmoid,
}
LOG_PROBABILITIES: dict[str, Callable[[Tensor], Tensor]] = {
    "softmax": lambda logits: logits.log_softmax(dim=1).unsqueeze(1),
    "sigmoid": lambda logits: torch.stack([F.logsigmoid(logits), F.logsigmoid(-logits)], dim=2),
}


def log_probabilities(logits: Tensor, activation: str = "softmax") -> Tensor:
    """Logarithms of the probabilities of all answers, in float32 at least.

    Args:
        logits: shape BC.
        activation: ``"softmax"`` for one question with C answers, ``"sigmoid"`` for C questions with two, yes and no.

    Returns:
        shape (B, questions, answers).

    Raises:
        InputError: When ``activation`` is unknown.
    """
    return _chosen(LOG_PROBABILITIES, activation)(at_least_float32(logits))


def probabilities(logits: Tensor, activation: str = "softmax") -> Tensor:
    """Probabilities of the classes, or of each label, shape BC, of logits BC; in float32 at least.

    Args:
        logits: shape BC.
        activation: see :func:`log_probabilities`.

    Raises:
        InputError: When ``activation`` is unknown.
    """
    return _chosen(PROBABILITIES, activation)(at_least_float32(logits))


def answer_text(probability: Sequence[float], class_names: Sequence[str], activation: str = "softmax") -> str:
    """Name what a classifier answers: the most probable class, or the labels that are more probable than not.

    Args:
        probability: of each class or label of one image.
        class_names: their names.
        activation: see :func:`log_probabilities`.

    Returns:
        a name; names joined by ``", "``, and ``"none"`` where no label is probable.
    """
    if activation == "softmax":
        return class_names[max(range(len(class_names)), key=lambda number: probability[number])]
    return label_text([int(value > 0.5) for value in probability], class_names)


def label_text(label: int | Sequence[int], class_names: Sequence[str]) -> str:
    """Name a label as a data list has it.

    Args:
        label: a class index, negative if unknown; or 1, 0 or negative for each label.
        class_names: names of the classes or labels.

    Returns:
        a name; names joined by ``", "``; ``"none"`` where no label holds, ``"unknown"`` where nothing is known.
    """
    if isinstance(label, int):
        return class_names[label] if label >= 0 else "unknown"
    if all(value < 0 for value in label):
        return "unknown"
    return ", ".join(name for name, value in zip(class_names, label, strict=True) if value > 0) or "none"


def _chosen(functions: dict[str, Callable[[Tensor], Tensor]], activation: str) -> Callable[[Tensor], Tensor]:
    if activation not in functions:
        raise InputError(f"activation must be one of {', '.join(functions)} but is '{activation}'")
    return functions[activation]
