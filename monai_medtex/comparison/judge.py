# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from monai_medtex.metrics import (
    PAPER_KS,
    blur_baseline,
    ceiling_iou,
    chance_iou,
    curve_area,
    deletion_curve,
    hit,
    insertion_curve,
    mass_accuracy,
    mass_lift,
    mean_baseline,
    pixel_auprc,
    pixel_auroc,
    pixel_scores,
    predictive_kl,
    road_curves,
    road_score,
    topk_iou,
)

from .judged_image import JudgedImage, batches
from .native import to_native

__all__ = ["Judge"]

Row = dict[str, Any]

BLUR = 1 / 16  # standard deviation of the blur that insertion starts from, as a share of the image's side


@dataclass
class Judge:
    """Judges every method of a comparison on the same images with the same measures.

    Attributes:
        images: all test images; agreement is measured on them.
        explained: those whose maps are compared with lesions.
        faithful: those whose maps are tried on the teacher, by deletion, insertion and ROAD.
        device: where the networks are.
        batch_size: images that go through a network at once.
    """

    images: Sequence[JudgedImage]
    explained: Sequence[JudgedImage]
    faithful: Sequence[JudgedImage]
    device: torch.device | str = "cpu"
    batch_size: int = 16

    def answers(self, teacher: Callable[[Tensor], Tensor], student: Callable[[Tensor], Tensor] | None) -> list[Row]:
        """Describe each test image, with the teacher's answer and, where there is one, the student's.

        Args:
            teacher: maps images BCHW to logits BC.
            student: the same, or None for a method that does not classify.
        """
        rows: list[Row] = []
        for batch in batches(self.images, self.batch_size):
            stack = self._stack(batch)
            with torch.no_grad():
                taught = teacher(stack).float().cpu()
                learnt = None if student is None else student(stack).float().cpu()
            columns = _answer("teacher", taught)
            if learnt is not None:
                columns |= {**_answer("student", learnt), "predictive_kl": predictive_kl(learnt, taught).tolist()}
            for number, image in enumerate(batch):
                rows.append(
                    {
                        "image": image.name,
                        "patient": image.patient,
                        "label": image.label if image.label >= 0 else None,
                        **{name: values[number] for name, values in columns.items()},
                    }
                )
        return rows

    def maps(self, explain: Callable[[Tensor], Tensor]) -> dict[str, Tensor]:
        """Explain the images whose maps are judged.

        Args:
            explain: maps images BCHW to scores B1HW or BCHW.

        Returns:
            for each image's name its scores at the network's size, shape 1WH.
        """
        wanted = {image.name: image for image in (*self.explained, *self.faithful)}
        found: dict[str, Tensor] = {}
        for batch in batches(list(wanted.values()), self.batch_size):
            theta = pixel_scores(explain(self._stack(batch))).cpu()
            found |= {image.name: scores for image, scores in zip(batch, theta, strict=True)}
        return found

    def against_lesions(self, maps: dict[str, Tensor]) -> dict[str, Row]:
        """Compare maps with lesion masks, at each image's own resolution.

        Args:
            maps: what :meth:`maps` returned.

        Returns:
            for each image with a lesion its row.
        """
        return {
            image.name: _localisation(to_native(maps[image.name], image.lesion.shape[1:])[None], image.lesion[None])
            for image in self.explained
            if image.lesion.any()
        }

    def against_teacher(self, maps: dict[str, Tensor], teacher: Callable[[Tensor], Tensor]) -> dict[str, Row]:
        """Take away and add pixels in the order of the maps, and ask the teacher.

        Args:
            maps: what :meth:`maps` returned.
            teacher: maps images BCHW to logits BC.

        Returns:
            for each image its row.
        """
        rows: dict[str, Row] = {}
        for batch in batches(self.faithful, self.batch_size):
            stack, scores = self._stack(batch), torch.stack([maps[image.name] for image in batch]).to(self.device)
            inside = torch.stack([image.inside for image in batch]).to(self.device)
            mean = _of_inside(mean_baseline, stack, inside)
            blurred = _of_inside(partial(blur_baseline, sigma=stack.shape[-1] * BLUR), stack, inside)
            measures = {
                "deletion": curve_area(deletion_curve(teacher, stack, scores, mean, inside=inside)),
                "insertion": curve_area(insertion_curve(teacher, stack, scores, blurred, inside=inside)),
                "road": road_score(*road_curves(teacher, stack, scores, inside=inside)),
            }
            for number, image in enumerate(batch):
                rows[image.name] = {name: float(values[number]) for name, values in measures.items()}
        return rows

    def _stack(self, batch: Sequence[JudgedImage]) -> Tensor:
        return torch.stack([image.image for image in batch]).to(self.device)


def _answer(who: str, logits: Tensor) -> Row:
    confidence, answer = logits.softmax(dim=1).max(dim=1)
    return {f"{who}_class": answer.tolist(), f"{who}_confidence": confidence.tolist()}


def _of_inside(baseline: Callable[[Tensor], Tensor], images: Tensor, inside: Tensor) -> Tensor:
    """A baseline that is a weighted mean of pixels, of the image's own pixels alone; the padding is kept."""
    weight = baseline(inside.to(images))
    return torch.where(inside, baseline(images * inside) / weight.clamp_min(torch.finfo(weight.dtype).tiny), images)


def _localisation(scores: Tensor, lesion: Tensor) -> Row:
    """All measures of one map, shape 11WH, against one lesion, shape 11WH."""
    iou = topk_iou(scores, lesion, PAPER_KS)[0].tolist()
    return {
        **{f"iou_top{k}": value for k, value in zip(PAPER_KS, iou, strict=True)},
        "iou_chance": float(chance_iou(lesion, PAPER_KS).mean()),
        "iou_ceiling": float(ceiling_iou(lesion, PAPER_KS).mean()),
        "hit": float(hit(scores, lesion)),
        "mass_accuracy": float(mass_accuracy(scores, lesion)),
        "mass_lift": float(mass_lift(scores, lesion)),
        "auprc": float(pixel_auprc(scores, lesion)),
        "auroc": float(pixel_auroc(scores, lesion)),
        "lesion_share": float(lesion.float().mean()),
    }
