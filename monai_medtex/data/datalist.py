# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""Data lists: which images belong to which section, with what is known about them.

A data list is a dict with the keys ``training``, ``validation`` and ``test``, each a list (maybe empty) of entries:

- ``image``: absolute path;
- ``label``: class index, -1 where it is unknown; or a list of 1, 0 and -1, one for each of several labels;
- ``mask``: absolute path of the lesion mask, or a list of paths for the union of several; only where there is one;
- ``mask_inverted``: ``True`` where the masks are dark on the lesion, as in PALM; only with ``mask``;
- ``patient``: name; only where it is known. Splits keep the images of one patient together.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from monai.utils import ensure_tuple

from monai_medtex.utils import InputError, file_digest, home

from .checks import UNKNOWN
from .dicom_reader import frame_names
from .label_lists import held_labels, with_label_lists
from .readers import every_image, read_dataset
from .sections import SECTIONS
from .split import split

__all__ = [
    "chosen_section",
    "describe",
    "division_of",
    "fingerprint",
    "is_data_of",
    "open_dataset",
    "unlabelled_images",
]

_log = logging.getLogger("monai_medtex")


def describe(datalist: Mapping[str, list[dict]]) -> str:
    """Count the images, as in ``training 4 (label 0: 3, unknown: 1), validation 0, test 0``.

    Of lists of labels, the images for which each label holds are counted.

    Args:
        datalist: data list.

    Returns:
        one line, with the labels in ascending order and the unknown last.
    """

    def counted(entries: list[dict]) -> str:
        labels = (label for entry in entries for label in held_labels(entry["label"]))
        counts = sorted(Counter(labels).items(), key=lambda item: (item[0] < 0, item[0]))
        texts = [f"{'unknown' if label == UNKNOWN else f'label {label}'}: {count}" for label, count in counts]
        return f"{len(entries)} ({', '.join(texts)})" if entries else "0"

    return ", ".join(f"{section} {counted(datalist[section])}" for section in SECTIONS)


def _synthetic(size: int, spatial_dims: int) -> Path:
    from . import synthetic

    write = synthetic.write_synthetic_fundus if spatial_dims == 2 else synthetic.write_synthetic_volumes
    return write(home() / "data", size=size)


def _split_off(datalist: dict[str, list[dict]], section: str, share: float, seed: int) -> None:
    if not share or datalist[section]:
        return
    datalist["training"], datalist[section] = split(datalist["training"], [1 - share, share], seed)


def _divided(
    source: str | os.PathLike,
    test_fraction: float,
    val_fraction: float,
    test_section: str = "test",
    split_seed: int = 0,
    num_labels: int | None = None,
    class_names: Sequence[str] = (),
) -> dict[str, list[dict]]:
    for name, share in {"test_fraction": test_fraction, "val_fraction": val_fraction}.items():
        if not 0 <= share < 1:
            raise InputError(f"{name} must be at least 0 and below 1, got {share}")
    if test_section not in ("test", "validation"):
        raise InputError(f"test_section must be test or validation, got {test_section}")
    datalist = with_label_lists(read_dataset(source, class_names), num_labels)
    if test_section == "validation":
        datalist["test"], datalist["validation"] = datalist["validation"], []
    _split_off(datalist, "test", test_fraction, split_seed)
    _split_off(datalist, "validation", val_fraction, split_seed)
    return datalist


def open_dataset(
    dataset_dir: str | os.PathLike | None,
    *,
    test_fraction: float = 0.25,
    val_fraction: float = 0.1,
    test_section: str = "test",
    image_size: int = 128,
    split_seed: int = 0,
    num_labels: int | None = None,
    class_names: Sequence[str] = (),
    spatial_dims: int = 2,
    training: bool = True,
) -> dict[str, list[dict]]:
    """Open a data set as a data list with all its sections.

    Sections that the data set has are kept. The others are split off ``training``, stratified by label and without
    dividing patients, in the same way for every seed of a run: runs that differ in it are tested on the same images.

    Args:
        dataset_dir: what :func:`~monai_medtex.data.read_dataset` reads; ``None`` or an empty text for synthetic images,
            made below :func:`monai_medtex.utils.home`.
        test_fraction: share of the training images to split off where there is no test section, in [0, 1).
        val_fraction: share of the rest to split off where there is no validation section, in [0, 1).
        test_section: section to judge on; ``validation`` keeps the images of that section for the test alone, and the
            validation is split off the training images.
        image_size: width and height (and depth) of the synthetic images in pixels.
        split_seed: seed of the split.
        num_labels: labels that each image has a list of 1, 0 and -1 (unknown) for; None for one class per image.
        class_names: names of the classes; class folders of these names get their labels.
        spatial_dims: 2 or 3, of the synthetic images.
        training: whether there must be a training image.

    Returns:
        data list.

    Raises:
        InputError: for arguments out of range, data that cannot be read, or no training image where there must be one.
    """
    source = dataset_dir or _synthetic(image_size, spatial_dims)
    datalist = _divided(source, test_fraction, val_fraction, test_section, split_seed, num_labels, class_names)
    for section, share in {"test": test_fraction, "validation": val_fraction}.items():
        if share and not datalist[section]:
            _log.warning("too few training images or patients to split off a section %s of %g", section, share)
    if training and not datalist["training"]:
        raise InputError(f"{source}: no training images: {describe(datalist)}")
    _log.info("%s: in use: %s", source, describe(datalist))
    return datalist


def chosen_section(datalist: Mapping[str, list[dict]], section: str | None) -> list[dict]:
    """Choose what to judge on.

    Args:
        datalist: data list.
        section: its name; None for the first of test, validation and training that has an image.

    Raises:
        InputError: When there is no such section, or no image in it.
    """
    if section not in (None, *SECTIONS):
        raise InputError(f"section must be one of {', '.join(SECTIONS)}, got {section}")
    entries = datalist[section] if section else next(filter(None, map(datalist.__getitem__, reversed(SECTIONS))), [])
    if not entries:
        raise InputError(f"section: there is no image in {section or 'any'}: {describe(datalist)}")
    return entries


def fingerprint(datalist: Mapping[str, list[dict]]) -> str:
    """Identify the data of a run: the same wherever the files lie and in whatever order they are listed.

    Args:
        datalist: data list.

    Returns:
        the first 12 hexadecimal digits of a SHA-256 over section, label, whether masks are inverted, and, of image and
        masks, the path relative to the common folder and the content.

    Raises:
        InputError: if a file cannot be found.
    """
    rows = [
        (section, entry, [entry["image"], *ensure_tuple(entry.get("mask", ()))])
        for section, entries in datalist.items()
        for entry in entries
    ]
    folders = {os.path.dirname(file) for _, _, files in rows for file in files}
    common = os.path.commonpath(folders) if folders else ""

    def named(file: str) -> tuple[str, str]:
        try:
            return Path(os.path.relpath(file, common)).as_posix(), file_digest(file)
        except OSError as error:
            raise InputError(f"{file}: {error.strerror}") from error

    lines = sorted(
        json.dumps([section, entry["label"], list(map(named, files)), *["inverted"] * bool(entry.get("mask_inverted"))])
        for section, entry, files in rows
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]


def division_of(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Give the options of :func:`open_dataset` that divide images as those of a run were.

    Args:
        settings: of the run.
    """
    names = ("test_fraction", "val_fraction", "test_section", "class_names")
    division = {name: settings[name] for name in names if name in settings}
    if settings.get("activation") == "sigmoid":
        division["num_labels"] = len(settings["class_names"])
    return division


def is_data_of(settings: Mapping[str, Any], dataset_dir: str | os.PathLike | None) -> bool:
    """Whether images are those of a run, wherever they lie now.

    Args:
        settings: of the run.
        dataset_dir: as of :func:`open_dataset`.

    Raises:
        InputError: When the folder that the run names holds other images now: which of them it was trained on cannot be
            told any more.
    """
    if not dataset_dir:
        return not settings["dataset_dir"]
    same = fingerprint(_divided(dataset_dir, **division_of(settings))) == settings["data"]
    if not same and dataset_dir == settings["dataset_dir"]:
        raise InputError(
            f"dataset_dir: {dataset_dir} holds other images than when the run was trained; name a copy of those, or "
            "the absolute path of a folder of others"
        )
    return same


def unlabelled_images(dataset_dir: str | os.PathLike | None) -> list[dict]:
    """List the images of a data set, whatever its sections, for inference.

    Args:
        dataset_dir: a list or table that :func:`~monai_medtex.data.read_dataset` reads, or a folder; of a folder
            without either every image, see :func:`~monai_medtex.data.every_image`.

    Returns:
        entries with an ``image`` only, each file once; each frame of a DICOM file of several is an entry.

    Raises:
        InputError: if nothing is named, or nothing can be read.
    """
    if not dataset_dir:
        raise InputError("dataset_dir: name the folder of the images with --dataset_dir")
    files = every_image(dataset_dir)
    return [{"image": name} for file in dict.fromkeys(files) for name in frame_names(file)]
