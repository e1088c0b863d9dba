# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0
"""Accuracy, F1 and kappa of the student against its teacher, or against human labels."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from ..utils import InputError
from .image_rows import ImageRowMetric

__all__ = ["ClassAgreement", "accuracy", "cohen_kappa", "confusion_matrix", "f1_score"]


def confusion_matrix(predicted: Tensor, target: Tensor, num_classes: int) -> Tensor:
    """Count the pairs of target and predicted class.

    Args:
        predicted: class indices, shape B.
        target: class indices, shape B; an image with a negative target is unknown and is left out.
        num_classes: number of classes K.

    Returns:
        counts of shape (K, K) and type int64; a row is a target class, a column a predicted class.

    Raises:
        InputError: when a class index is not below ``num_classes``, or a predicted one is negative.
    """
    pairs = torch.stack([target, predicted])[:, target >= 0].long()
    outside = pairs[(pairs < 0) | (pairs >= num_classes)]
    if len(outside):
        raise InputError(f"num_classes is {num_classes} but the classes hold the index {int(outside[0])}")
    cells = torch.bincount(pairs[0] * num_classes + pairs[1], minlength=num_classes**2)
    return cells.view(num_classes, num_classes)


def accuracy(matrix: Tensor) -> Tensor:
    """Share of images on the diagonal.

    Args:
        matrix: counts as :func:`confusion_matrix` gives them, shape (K, K).

    Returns:
        a scalar; NaN where the matrix is empty.
    """
    return matrix.trace().double() / matrix.sum()


def f1_score(matrix: Tensor) -> Tensor:
    """F1 of class 1 for two classes, else the macro mean of the classes' F1.

    Args:
        matrix: counts as :func:`confusion_matrix` gives them, shape (K, K).

    Returns:
        a scalar. A class that is neither in the targets nor predicted has no F1 (0 / 0): it is left out of the macro
        mean, and for two classes the result is NaN if that class is class 1.
    """
    per_class = 2 * matrix.diagonal().double() / (matrix.sum(dim=0) + matrix.sum(dim=1))
    return per_class[1] if len(matrix) == 2 else per_class.nanmean()


def cohen_kappa(matrix: Tensor) -> Tensor:
    """Agreement beyond chance (Cohen, 1960): (p - e) / (1 - e) with the accuracy p and its expectation e.

    The expectation is that of independent answers with the same class frequencies. A student that always gives the
    teacher's commonest class has a kappa of 0, however accurate that is.

    Args:
        matrix: counts as :func:`confusion_matrix` gives them, shape (K, K).

    Returns:
        a scalar, at most 1; NaN where the matrix is empty, or both always give the same class (0 / 0).
    """
    counts = matrix.double()
    expected = (counts.sum(dim=0) * counts.sum(dim=1)).sum() / counts.sum() ** 2
    return (accuracy(matrix) - expected) / (1 - expected)


def _class_index(classes: Tensor, num_classes: int) -> Tensor:
    if classes.ndim == 1:
        return classes.long()
    if classes.ndim == 2 and classes.shape[1] == 1:
        return classes[:, 0].long()
    if classes.ndim == 2 and classes.shape[1] == num_classes:
        return classes.argmax(dim=1)
    raise InputError(f"classes must be B, B1 or BC with C = {num_classes} but have the shape {tuple(classes.shape)}")


class ClassAgreement(ImageRowMetric):
    """Accuracy, F1 and kappa of the student's classes.

    Against the arg max of the teacher's logits this is what the paper calls *post-hoc* accuracy and F1 (prefix
    ``agreement``): the fidelity of the student, not its correctness. Against human labels it is the ordinary accuracy
    (prefix ``label``). The buffer holds the predicted and the target class of each image.

    Called with logits BC or class indices (B or B1) of the student, and logits BC of the teacher or labels (B or B1);
    or with lists of the same without the batch dimension, where a label may be a Python number. An image with a
    negative label is unknown and is excluded.

    Args:
        num_classes: number of classes.
        prefix: the names of the figures begin with it.

    Raises:
        InputError: When ``num_classes`` is below 2.
    """

    width = 2
    dtype = torch.int64

    def __init__(self, num_classes: int, prefix: str = "agreement") -> None:
        super().__init__()
        if num_classes < 2:
            raise InputError(f"num_classes must be at least 2 but is {num_classes}")
        self.num_classes = num_classes
        self.prefix = prefix

    def _compute_list(self, y_pred: Iterable, y: Iterable) -> Tensor:  # type: ignore[override]
        return super()._compute_list([torch.as_tensor(p) for p in y_pred], [torch.as_tensor(t) for t in y])  # type: ignore[return-value]

    def _compute_tensor(self, y_pred: Tensor, y: Tensor) -> Tensor:  # type: ignore[override]
        predicted, target = (_class_index(classes, self.num_classes) for classes in (y_pred, y))
        return torch.stack([predicted, target.to(predicted.device)], dim=1)

    def aggregate(self) -> dict[str, float]:
        """Figures over all images and ranks since the last reset.

        Returns:
            ``{prefix}_accuracy``, ``{prefix}_f1``, ``{prefix}_kappa`` and ``{prefix}_count``, the number of images
            with a known target; the others are NaN where that is 0.
        """
        predicted, target = self.get_buffer().unbind(dim=1)
        matrix = confusion_matrix(predicted, target, self.num_classes)
        figures = {
            "accuracy": accuracy(matrix),
            "f1": f1_score(matrix),
            "kappa": cohen_kappa(matrix),
            "count": matrix.sum(),
        }
        return {f"{self.prefix}_{name}": figure.item() for name, figure in figures.items()}
