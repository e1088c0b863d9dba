# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json
import logging
import os
import shutil
import time
from collections.abc import Callable, Mapping
from numbers import Integral
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple
from uuid import uuid4

import nibabel
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..utils import InputError
from .synthetic_fundus import draw_fundus
from .synthetic_volume import draw_volume

__all__ = ["SYNTHETIC_COUNTS", "SYNTHETIC_VOLUME_COUNTS", "write_synthetic_fundus", "write_synthetic_volumes"]

SYNTHETIC_COUNTS: Mapping[str, int] = MappingProxyType({"training": 400, "validation": 80, "test": 120})
"""Images in each section of the data list."""

SYNTHETIC_VOLUME_COUNTS: Mapping[str, int] = MappingProxyType({"training": 40, "validation": 10, "test": 20})
"""Volumes in each section of the data list."""

_MILLIMETRES = 2.0  # edge of a synthetic voxel

logger = logging.getLogger("monai_medtex")


class _Kind(NamedTuple):
    """What is drawn, and how it is kept."""

    name: str
    suffix: str
    draw: Callable[[np.random.Generator, int, bool], tuple[NDArray, NDArray]]
    save: Callable[[NDArray, Path], None]


def _save_picture(pixels: NDArray, path: Path) -> None:
    levels = pixels.astype(np.uint8) * 255 if pixels.dtype == bool else pixels
    Image.fromarray(levels).save(path)


def _save_volume(voxels: NDArray, path: Path) -> None:
    values = voxels.astype(np.uint8) if voxels.dtype == bool else voxels
    image = nibabel.Nifti1Image(values, np.diag([_MILLIMETRES] * 3 + [1]))
    image.header.set_xyzt_units("mm")
    nibabel.save(image, path)


def _check_number(name: str, value: int, least: int) -> None:
    if not isinstance(value, Integral) or value < least:
        raise InputError(f"{name} must be a whole number of at least {least}, got {value!r}")


def _check(size: int, least: int, counts: Mapping[str, int], seed: int) -> None:
    _check_number("size", size, least)
    _check_number("seed", seed, 0)
    if set(counts) != set(SYNTHETIC_COUNTS):
        raise InputError(f"counts must have the keys {', '.join(SYNTHETIC_COUNTS)}, got {', '.join(counts) or 'none'}")
    for section, count in counts.items():
        _check_number(f"counts[{section!r}]", count, 2)


def _datalist(suffix: str, counts: Mapping[str, int]) -> dict[str, list[dict[str, str | int]]]:
    """Relative paths and labels, normal (0) and abnormal (1) in turn, so that no label depends on the counts."""
    return {
        section: [
            {"image": f"images/{section}_{i:04d}{suffix}", "label": i % 2, "mask": f"masks/{section}_{i:04d}{suffix}"}
            for i in range(counts[section])
        ]
        for section in SYNTHETIC_COUNTS
    }


def _is_complete(folder: Path, suffix: str, counts: Mapping[str, int]) -> bool:
    listed = _datalist(suffix, counts).values()
    files = [item[key] for section in listed for item in section for key in ("image", "mask")]
    return all((folder / str(file)).is_file() for file in ["datalist.json", *files])


def _draw_all(folder: Path, kind: _Kind, size: int, counts: Mapping[str, int], seed: int) -> None:
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    datalist = _datalist(kind.suffix, counts)
    for section_index, section in enumerate(datalist.values()):
        for index, item in enumerate(section):
            rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(section_index, index)))
            image, mask = kind.draw(rng, size, item["label"] == 1)
            kind.save(image, folder / str(item["image"]))
            kind.save(mask, folder / str(item["mask"]))
    (folder / "datalist.json").write_text(json.dumps(datalist, indent=1) + "\n", encoding="utf-8")


def _publish(temporary: Path, folder: Path) -> bool:
    """Rename a written folder to its final name; False where another process was first."""
    try:
        os.rename(temporary, folder)
    except OSError:
        if not folder.is_dir():
            raise
        return False
    return True


def _write(root: str | os.PathLike, kind: _Kind, size: int, counts: Mapping[str, int], seed: int) -> Path:
    """Draw a data set, unless it is there already, and give its folder."""
    numbers = "-".join(str(counts[section]) for section in SYNTHETIC_COUNTS)
    folder = Path(root) / f"{kind.name}_{size}_{numbers}_seed{seed}"
    if folder.is_dir():
        if not _is_complete(folder, kind.suffix, counts):
            raise InputError(f"{folder} is incomplete: delete it, and it will be drawn again")
        return folder
    start = time.perf_counter()
    temporary = folder.with_name(f".{folder.name}.{uuid4().hex}.tmp")
    try:
        _draw_all(temporary, kind, size, counts, seed)
        first = _publish(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    if first:
        total, seconds = sum(counts.values()), time.perf_counter() - start
        logger.info("drew %d synthetic %s images in %s (%.1f s)", total, kind.name, folder, seconds)
    return folder


def write_synthetic_fundus(
    root: str | os.PathLike, size: int = 128, counts: Mapping[str, int] = SYNTHETIC_COUNTS, seed: int = 0
) -> Path:
    """Draw a data set of synthetic fundus photographs, half of them with lesions, unless it is there already.

    The folder appears under its final name at once and complete. It holds ``images/*.png`` (RGB), ``masks/*.png``
    (0 or 255; all 0 for a normal image) and ``datalist.json`` in MONAI's form: the sections of ``counts``, each a
    list of ``{"image": path, "label": 0 or 1, "mask": path}`` with paths relative to the folder. An image depends on
    ``size``, ``seed``, its section and its place there, not on ``counts``.

    Args:
        root: folder that holds such data sets, one for each combination of the other arguments; made if needed.
        size: height and width in pixels, at least 32.
        counts: number of images of ``training``, ``validation`` and ``test``, at least 2 each.
        seed: not negative; another seed draws other images.

    Returns:
        the folder of this data set.

    Raises:
        InputError: if an argument does not fit, or the folder exists and files are missing in it.
    """
    _check(size, 32, counts, seed)
    return _write(root, _Kind("fundus", ".png", draw_fundus, _save_picture), size, counts, seed)


def write_synthetic_volumes(
    root: str | os.PathLike, size: int = 40, counts: Mapping[str, int] = SYNTHETIC_VOLUME_COUNTS, seed: int = 0
) -> Path:
    """Draw a data set of synthetic volumes, half of them with lesions, unless it is there already.

    As :func:`write_synthetic_fundus`, with ``images/*.nii.gz`` (int16) and ``masks/*.nii.gz`` (0 or 1), voxels of 2 mm.

    Args:
        root: folder that holds such data sets, one for each combination of the other arguments; made if needed.
        size: voxels along each axis, at least 16.
        counts: number of volumes of ``training``, ``validation`` and ``test``, at least 2 each.
        seed: not negative; another seed draws other volumes.

    Returns:
        the folder of this data set.

    Raises:
        InputError: if an argument does not fit, or the folder exists and files are missing in it.
    """
    _check(size, 16, counts, seed)
    return _write(root, _Kind("volume", ".nii.gz", draw_volume, _save_volume), size, counts, seed)
