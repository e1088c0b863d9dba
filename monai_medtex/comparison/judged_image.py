# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import torch

from monai_medtex.utils import name_inside

from .native import image_region

__all__ = ["JudgedImage", "batches", "image_name", "load_images", "sample_images"]


class JudgedImage(NamedTuple):
    """A test image.

    Attributes:
        name: its file, relative to the data set.
        patient: empty if unknown.
        label: its class, negative if unknown.
        image: at the network's size, shape CWH, in [0, 1].
        lesion: bool, at the image's own resolution, shape 1WH; empty where there is none.
    """

    name: str
    patient: str
    label: int
    image: torch.Tensor
    lesion: torch.Tensor

    @property
    def inside(self) -> torch.Tensor:
        """The pixels of the image itself at the network's size, all but the padding; Boolean, shape 1WH."""
        inside = torch.zeros_like(self.image[:1], dtype=torch.bool)
        inside[(slice(None), *image_region(inside.shape[-1], self.lesion.shape[1:]))] = True
        return inside


def image_name(path: str | os.PathLike, root: str | os.PathLike | None) -> str:
    """Name an image's file relative to its data set; a synthetic one, which has no ``root``, by its bare name."""
    return name_inside(path, root or os.path.dirname(path)).as_posix()


def load_images(dataset: Iterable[Mapping[str, Any]], root: str | os.PathLike | None) -> list[JudgedImage]:
    """Load the test images once, for all methods.

    Args:
        dataset: entries with ``image`` at the network's size, ``lesion`` at the image's own, ``path``, ``label`` and
            maybe ``patient``.
        root: the data set, relative to which files are named.
    """
    return [
        JudgedImage(
            image_name(entry["path"], root),
            str(entry.get("patient", "")),
            int(entry["label"]),
            entry["image"],
            torch.as_tensor(entry["lesion"]) > 0.5,
        )
        for entry in dataset
    ]


def sample_images(images: Sequence[JudgedImage], count: int | None) -> list[JudgedImage]:
    """Draw images whose maps are judged: among those with a lesion, or among all where none has one.

    Args:
        images: the test images.
        count: how many; None for all.

    Returns:
        the images in their order, the same draw for the same images.
    """
    candidates = [image for image in images if image.lesion.any()] or list(images)
    if count is None or count >= len(candidates):
        return candidates
    drawn = {image.name for image in random.Random(0).sample(candidates, count)}
    return [image for image in candidates if image.name in drawn]


def batches(images: Sequence[JudgedImage], size: int) -> Iterator[Sequence[JudgedImage]]:
    """Cut a list into batches of at most ``size`` images."""
    return (images[start : start + size] for start in range(0, len(images), size))
