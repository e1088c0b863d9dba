# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import torch
from monai.utils import optional_import

from monai_medtex.metrics import answer_text, evident_topk, label_text, pixel_scores, topk_pixels

from .overlay import contour

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage
else:
    Figure, _ = optional_import("matplotlib.figure", name="Figure")

__all__ = ["ExplainedImage", "explained_figure", "has_matplotlib"]

_, has_matplotlib = optional_import("matplotlib")
ONE_PLACE = "Caution: these are mostly the same pixels in every image: a map of a place, not of what is seen there."


class ExplainedImage(NamedTuple):
    """One image with what the networks say of it.

    Attributes:
        image: shape CWH, in [0, 1].
        theta: shape 1WH or CWH.
        lesion: shape 1WH; empty where there is none.
        teacher: probabilities of the classes or labels, shape C.
        student: probabilities of the classes or labels, shape C.
        label: the class, or negative if unknown; or 1, 0 or negative for each label.
    """

    image: torch.Tensor
    theta: torch.Tensor
    lesion: torch.Tensor
    teacher: torch.Tensor
    student: torch.Tensor
    label: int | list[int]


def explained_figure(
    samples: Sequence[ExplainedImage], class_names: Sequence[str], k: int = 3, activation: str = "softmax"
) -> Figure:
    """Draw a column for each image: the image, theta on the fixed scale from 0 to 1, and contours.

    The contours are the top K pixels (yellow) and the lesion (blue). Where no top K stands out from the rest of theta,
    the figure says so and draws none. Where they are mostly the same pixels in all images, it warns that they were
    chosen by their place.

    Args:
        samples: the images.
        class_names: names of the classes.
        k: the paper's k, so that the contour holds ``k / 64`` of the pixels.
        activation: ``"softmax"`` for one class of several, ``"sigmoid"`` for labels that hold or not, each for itself.

    Returns:
        a figure of matplotlib.
    """
    figure = Figure(figsize=(2.2 * len(samples) + 0.9, 7.2), layout="constrained")
    axes = figure.subplots(3, len(samples), squeeze=False)
    tops = [_top(sample, k) for sample in samples]
    for column, sample, top in zip(axes.T, samples, tops, strict=True):
        shown = _draw(column, sample, top)
        column[0].set_title(_verdicts(sample, class_names, activation), fontsize=8, loc="left")
    for axis, name in zip(axes[:, 0], ("image", "theta", f"top K, k = {k}"), strict=True):
        axis.set_ylabel(name)
    figure.colorbar(shown, ax=axes[1, :].tolist(), shrink=0.9, label="theta", panchor=False)
    caption = "yellow: the K pixels with the highest theta    blue: the lesion, where its mask is known"
    figure.supxlabel(f"{caption}\n{ONE_PLACE}" if _one_place(tops) else caption, fontsize=9)
    return figure


def _top(sample: ExplainedImage, k: int) -> torch.Tensor:
    scores = pixel_scores(sample.theta[None])
    return evident_topk(scores, topk_pixels(scores.shape[2:], k))[0]


def _one_place(tops: Sequence[torch.Tensor]) -> bool:
    pairs = [pair for pair in combinations(filter(torch.any, tops), 2) if pair[0].shape == pair[1].shape]
    shared = [float((one & other).sum() / (one | other).sum()) for one, other in pairs]
    return bool(shared) and sum(shared) / len(shared) > 0.5


def _draw(column: Sequence[Axes], sample: ExplainedImage, top: torch.Tensor) -> AxesImage:
    pixels = sample.image.mT.permute(1, 2, 0).clamp(0, 1)
    scores = pixel_scores(sample.theta[None])
    for axis in column:
        axis.set_xticks([])
        axis.set_yticks([])
    column[0].imshow(pixels, cmap="gray", vmin=0, vmax=1)
    shown = column[1].imshow(scores[0, 0].mT, cmap="magma", vmin=0, vmax=1)
    column[2].imshow(_outlined(pixels, top, sample.lesion > 0.5))
    if not top.any():
        column[2].set_title("no top K stands out\nfrom the rest of theta", fontsize=8, loc="left")
    return shown


def _outlined(pixels: torch.Tensor, top: torch.Tensor, lesion: torch.Tensor) -> torch.Tensor:
    outlined = pixels.expand(-1, -1, 3).clone()
    outlined[contour(top)[0].mT] = torch.tensor([1.0, 0.9, 0.0])
    outlined[contour(lesion)[0].mT] = torch.tensor([0.0, 0.8, 1.0])
    return outlined


def _verdicts(sample: ExplainedImage, class_names: Sequence[str], activation: str) -> str:
    lines = [f"label: {label_text(sample.label, class_names)}"]
    for name, probabilities in (("teacher", sample.teacher), ("student", sample.student)):
        answer = answer_text(probabilities.tolist(), class_names, activation)
        lines.append(f"{name}: {answer} {probabilities.max():.2f}")
    return "\n".join(lines)
