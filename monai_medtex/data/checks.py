# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""Checks of what users give - paths, labels, images - before a training starts, rather than hours into it."""

from __future__ import annotations

import itertools
import logging
import math
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

import nibabel
import numpy as np
from monai.utils import ensure_tuple
from PIL import Image, ImageOps

from monai_medtex.utils import InputError

from .dicom_reader import DICOM_SUFFIXES, DicomReader, frame_of

__all__ = ["UNKNOWN", "check_images", "check_labels", "check_names", "label_number", "path_inside"]

UNKNOWN = -1

_WORKERS = 2
_BITS_12 = 4095
_NARROWEST = 30

logger = logging.getLogger("monai_medtex")


def label_number(value: object, where: str) -> int:
    """Read a label as it stands in a list: a whole number as number or text, ``None`` or empty text for unknown.

    Args:
        value: the label.
        where: file and entry, for the error.

    Returns:
        the label, -1 where it is unknown.

    Raises:
        InputError: if it is something else.
    """
    if value is None or value == "":
        return UNKNOWN
    number = float("nan")
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        with suppress(ValueError, OverflowError):
            number = float(value)
    if not number.is_integer():
        raise InputError(f"{where}: label {value!r} is not an integer, nor one of class_names")
    return int(number)


def path_inside(folder: Path, name: object, where: str) -> str:
    """Resolve a path that stands in a list, and refuse one that leaves the list's folder, be it by a link.

    Args:
        folder: the list's folder, resolved.
        name: path relative to it, or absolute.
        where: file and entry, for the error.

    Returns:
        absolute path.

    Raises:
        InputError: if ``name`` is no path or leads out of ``folder``.
    """
    if not isinstance(name, str) or not name:
        raise InputError(f"{where}: expected the path of a file, got {name!r}")
    try:
        path = (folder / name).resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(f"{where}: {name!r} is no usable path: {error}") from error
    if not path.is_relative_to(folder):
        raise InputError(f"{where}: {name!r} leads out of the folder {folder}")
    return str(path)


def _read_pil(file: str) -> tuple[tuple[int, ...], int]:
    with Image.open(file) as image:
        image.load()
        ImageOps.exif_transpose(image, in_place=True)
        bands = image.getbands()
        channels = 3 if bands[0] == "P" else sum(band not in "Aa" for band in bands)
        if image.mode == "F":
            _check_finite(np.asarray(image))
        return image.size, channels


def _read_nifti(file: str) -> tuple[tuple[int, ...], int]:
    volume = nibabel.load(file)
    if len(volume.shape) > 4:  # type: ignore[attr-defined]
        raise InputError(f"{len(volume.shape)} axes, expected at most 4, the channels last")  # type: ignore[attr-defined]
    values = np.asanyarray(volume.dataobj)  # type: ignore[attr-defined]
    if not (np.issubdtype(values.dtype, np.integer) or np.issubdtype(values.dtype, np.floating)):
        raise InputError(f"voxels of the kind {values.dtype}, expected whole or real numbers")
    _check_finite(values)
    affine = volume.affine  # type: ignore[attr-defined]
    if values.ndim > 2 and not (np.isfinite(affine).all() and np.linalg.matrix_rank(affine) == 4):
        raise InputError(f"the affine {affine.tolist()} places no voxel")
    return volume.shape[:3], math.prod(volume.shape[3:])  # type: ignore[attr-defined]


def _read_dicom(file: str) -> tuple[tuple[int, ...], int]:
    pixels, meta = DicomReader().get_data(DicomReader().read(file))
    size = tuple(int(length) for length in meta["spatial_shape"])
    return size, math.prod(pixels.shape[len(size) :])


def _check_grey(file: str) -> None:
    """Refuse 2-D images that the networks, which are shown 0 to 255 as 0 to 1, would see as all black or all white."""
    if file.lower().endswith(DICOM_SUFFIXES):
        return
    if file.lower().endswith((".nii", ".nii.gz")):
        values = np.asanyarray(nibabel.load(file).dataobj)  # type: ignore[attr-defined]
    else:
        with Image.open(file) as image:
            if image.mode not in ("1", "I", "F"):  # 8 or 16 bits
                return
            values = np.asarray(image)
    low, high = float(values.min()), float(values.max())
    if low < 0 or high > 255 or 0 < high <= 1:
        raise InputError(f"values from {low:g} to {high:g}, expected grey values from 0 to 255")


def _warn_of_few_bits(entries: Sequence[dict]) -> None:
    """Warn of 2-D images that fill no more than 12 of 16 bits, since the networks would see them nearly black."""
    peaks = []
    for file in (entry["image"] for entry in entries[:20]):
        if file.lower().endswith((*DICOM_SUFFIXES, ".nii", ".nii.gz")):
            return
        with Image.open(file) as image:
            if not image.mode.startswith("I;16"):
                return
            peaks.append(int(np.asarray(image).max()))
    if peaks and 0 < max(peaks) <= _BITS_12:
        logger.warning(
            "%s: 16-bit images whose values reach %d of 65535 look nearly black; multiply them by %d, or give DICOM",
            entries[0]["image"],
            max(peaks),
            65536 // (max(peaks) + 1),
        )


def _check_finite(values: np.ndarray) -> None:
    if not np.isfinite(values).all():
        raise InputError("holds values that are not finite")


_READERS = {(".nii", ".nii.gz"): _read_nifti, DICOM_SUFFIXES: _read_dicom}


def _read(file: str) -> tuple[tuple[int, ...], int]:
    """Decode a whole file; give its spatial size in MONAI's axis order, and its channels without alpha."""
    if not frame_of(file)[0].is_file():
        raise InputError("no such file")
    try:
        return next((read for suffixes, read in _READERS.items() if file.lower().endswith(suffixes)), _read_pil)(file)
    except InputError:
        raise
    except Exception as error:
        raise InputError(f"unreadable or truncated: {' '.join(str(error).split())}") from error


def _check_name(file: str) -> None:
    try:
        file.encode()
    except UnicodeEncodeError:
        raise InputError("the name is no UTF-8, so that no table can name it; rename the file") from None


def _same_place(mask: str, image: str) -> bool:
    """Whether the voxels of two NIfTI files lie at the same places, up to a hundredth of a millimetre."""
    first, second = (nibabel.load(file) for file in (mask, image))
    ends = [(0, length - 1) for length in first.shape[:3]]  # type: ignore[attr-defined]
    corners = np.array(list(itertools.product(*ends)))
    place, other = (nibabel.affines.apply_affine(volume.affine, corners) for volume in (first, second))  # type: ignore[attr-defined]
    return np.allclose(place, other, rtol=0, atol=0.01)


def _problem(entry: dict, channels: int, spatial_dims: int) -> str | None:
    """What is wrong with an entry's files, in words."""
    file = entry["image"]
    try:
        _check_name(file)
        size, found = _read(file)
        if len(size) != spatial_dims:
            return f"{file}: {len(size)}-D image, expected {spatial_dims}-D"
        if spatial_dims == 3 and 1 in size:
            return f"{file}: a single slice, {size}, expected a volume"
        if found != channels:
            return f"{file}: {found} channel(s), expected {channels}"
        if spatial_dims == 2 and max(size) > _NARROWEST * min(size):
            return f"{file}: {size[0]} x {size[1]} pixels, expected sides that differ {_NARROWEST} times at most"
        if spatial_dims == 2:
            _check_grey(file)
        for file in ensure_tuple(entry.get("mask", ())):
            mask_size, _ = _read(file)
            if mask_size != size:
                return f"{file}: mask of size {mask_size}, but its image {entry['image']} is {size}"
            if spatial_dims == 3 and not _same_place(file, entry["image"]):
                return f"{file}: the mask's affine differs from that of its image {entry['image']}"
    except InputError as error:
        return f"{file.encode(errors='backslashreplace').decode()}: {error}"
    return None


def check_images(entries: Sequence[dict], channels: int, spatial_dims: int = 2) -> None:
    """Read every image and mask once, and refuse those that a training would fail on.

    Images of 16 bits that use 12 of them or fewer are warned of.

    As :class:`~monai_medtex.data.PlainPILReader` reads them, alpha is no channel, and a palette makes 3.

    Args:
        entries: entries of a data list.
        channels: channels that each image must have.
        spatial_dims: 2 or 3.

    Raises:
        InputError: one line that names the first bad file, the reason, and how many more entries are bad. Bad is a file
            that is missing, unreadable, truncated or not finite, another number of channels or dimensions, a 2-D image
            whose values are no grey values of 8 or 16 bits or whose one side is more than 30 times the other, a single
            slice where a volume is expected, a mask that differs from its image in size or, in 3-D, in affine, or a
            name that is no UTF-8.
    """
    with ThreadPoolExecutor(_WORKERS) as pool:
        problems = [
            problem
            for problem in pool.map(partial(_problem, channels=channels, spatial_dims=spatial_dims), entries)
            if problem
        ]
    if problems:
        raise InputError(problems[0] + (f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""))
    _warn_of_few_bits(entries)


def check_names(entries: Sequence[dict]) -> None:
    """Refuse images that differ in nothing but the suffix, since files of results are named after them without it.

    Args:
        entries: entries of a data list.

    Raises:
        InputError: one line that names the first two such images.
    """
    first: dict[str, str] = {}
    for name in (entry["image"] for entry in entries):
        other = first.setdefault(os.path.splitext(name.removesuffix(".gz"))[0], name)
        if other != name:
            raise InputError(
                f"{name}: its results would overwrite those of {os.path.basename(other)}; rename one of them"
            )


def check_labels(entries: Sequence[dict], num_classes: int, required: bool) -> None:
    """Refuse labels that do not fit the network.

    Args:
        entries: entries of a data list.
        num_classes: classes of the network; labels are 0 to ``num_classes - 1``, or -1 for unknown. Lists of labels
            were checked when the data list was opened.
        required: whether each entry must have a label and at least two classes must occur, as to train a teacher.

    Raises:
        InputError: one line that names the first file with a bad label and the label, or the only class.
    """
    for entry in entries:
        if not isinstance(entry["label"], list) and not UNKNOWN <= entry["label"] < num_classes:
            raise InputError(f"{entry['image']}: label {entry['label']} is not in 0..{num_classes - 1} (-1 = unknown)")
    if not required:
        return
    unknown = [entry["image"] for entry in entries if set(np.atleast_1d(entry["label"])) == {UNKNOWN}]
    if unknown:
        raise InputError(
            f"{unknown[0]}: no label, but a teacher is trained on labels (or given as teacher_ckpt); "
            f"{len(unknown)} image(s) have none"
        )
    classes = sorted({str(entry["label"]) for entry in entries})
    if len(classes) < 2:
        found = ", ".join(classes)
        raise InputError(f"one class only: at least two are required, but all {len(entries)} labels are [{found}]")
