# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""Agreement label by label, of classifiers whose labels hold or not, each for itself."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..utils import InputError
from .agreement import accuracy, cohen_kappa, confusion_matrix, f1_score
from .image_rows import ImageRowMetric

__all__ = ["LabelAgreement"]


class LabelAgreement(ImageRowMetric):
    """Accuracy, F1 and kappa of the student's labels, each label for itself, and their means.

    A label holds where its logit is positive (sigmoid above 1/2). Against the teacher's logits this is the fidelity of
    the student (prefix ``agreement``), against human labels the ordinary accuracy (prefix ``label``).

    Called with the student's logits BC and the teacher's, or labels BC of an integer type: 1, 0, or negative where it
    is unknown and left out; or with lists of the same without the batch dimension.

    Args:
        class_names: names of the labels.
        prefix: the names of the figures begin with it.
    """

    dtype = torch.int64

    def __init__(self, class_names: Sequence[str], prefix: str = "agreement") -> None:
        super().__init__()
        self.class_names = tuple(class_names)
        self.prefix = prefix
        self.width = 2 * len(self.class_names)

    def _compute_tensor(self, y_pred: Tensor, y: Tensor) -> Tensor:  # type: ignore[override]
        for name, labels in (("student's logits", y_pred), ("teacher's logits or the labels", y)):
            if labels.ndim != 2 or labels.shape[1] != len(self.class_names):
                raise InputError(
                    f"the {name} must be BC with C = {len(self.class_names)} but are {tuple(labels.shape)}"
                )
        target = (y > 0).long() if y.is_floating_point() else y.long()
        return torch.cat([(y_pred > 0).long(), target.to(y_pred.device)], dim=1)

    def aggregate(self) -> dict[str, float]:
        """Figures over all images and ranks since the last reset.

        Returns:
            ``{prefix}_accuracy_{name}``, ``{prefix}_f1_{name}`` and ``{prefix}_kappa_{name}`` for each label; their
            means over the labels that have them, ``{prefix}_accuracy``, ``{prefix}_f1`` and ``{prefix}_kappa``; the
            share of images with all known labels right, ``{prefix}_exact``; and ``{prefix}_count``, the number of
            images with a known label. What no image tells is NaN.
        """
        predicted, target = self.get_buffer().split(len(self.class_names), dim=1)
        matrices = [confusion_matrix(*pair, 2) for pair in zip(predicted.T, target.T, strict=True)]
        figures: dict[str, Tensor] = {}
        for figure, of in (("accuracy", accuracy), ("f1", f1_score), ("kappa", cohen_kappa)):
            each = torch.stack([of(matrix) for matrix in matrices])
            figures |= {figure: each.nanmean(), **dict(zip(self._named(figure), each, strict=True))}
        some = (target >= 0).any(dim=1)
        right = ((predicted == target) | (target < 0)).all(dim=1)
        figures |= {"exact": right[some].double().mean(), "count": some.sum()}
        return {f"{self.prefix}_{name}": figure.item() for name, figure in figures.items()}

    def _named(self, figure: str) -> list[str]:
        return [f"{figure}_{name}" for name in self.class_names]
