# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from monai.transforms import Compose
from torch.nn.functional import interpolate

from monai_medtex.reporting import ComparedImage

from .judge import Judge
from .judged_image import image_name
from .native import to_native
from .plan import Task
from .records import read_maps, read_rows

__all__ = ["compared_images"]

SHOWN = 4
LONGEST = 512  # pixels of a side in a figure


def compared_images(
    folder: Path, done: Sequence[Task], judge: Judge, content: Callable[[str], Any]
) -> list[ComparedImage]:
    """Choose test images for the figures, with the maps that the methods of the first seed gave them.

    Images with a lesion, which the first seed's teacher classified as their label says, come first.

    Args:
        folder: of the comparison.
        done: tasks that have a record.
        judge: which has the images.
        content: looks up the bundle's config, for the images at their own resolution.
    """
    explaining = [task for task in done if task.method.explains and task.seed == done[0].seed]
    maps = {task.method.name: read_maps(folder / task.folder) for task in explaining}
    if not maps:
        return []
    right = {row["image"] for row in read_rows(folder / explaining[0].folder) if row["label"] == row["teacher_class"]}
    common = set.intersection(*(set(found) for found in maps.values()))
    images = {image.name: image for image in judge.images if image.name in common}
    names = sorted(images, key=lambda name: (not images[name].lesion.any(), name not in right))[:SHOWN]
    root = content("dataset_dir")
    entries = {image_name(entry["image"], root): entry for entry in content("test#data")}
    read = Compose(content("read_image"))
    return [
        _compared(name, read(entries[name]), {method: found[name] for method, found in maps.items()}) for name in names
    ]


def _compared(name: str, entry: dict[str, Any], maps: dict[str, torch.Tensor]) -> ComparedImage:
    image, lesion = (torch.as_tensor(entry[key]).float() for key in ("image", "mask"))
    scale = min(1.0, LONGEST / max(image.shape[1:]))
    shape = tuple(round(scale * size) for size in image.shape[1:])
    return ComparedImage(
        name,
        interpolate(image[None], shape, mode="area")[0] / 255,
        interpolate(lesion[None], shape, mode="nearest-exact")[0] > 0.5,
        {method: to_native(scores, shape) for method, scores in maps.items()},
    )
