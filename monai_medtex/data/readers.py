# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""Read what users have - a list, a table, a public data set, folders - as one data list (see :mod:`.datalist`)."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from monai_medtex.utils import InputError, given_path

from .class_folders import read_class_folders
from .image_files import images_in, is_beside, masks_beside
from .listed_images import csv_files, read_csv, read_datalist
from .released_sets import is_idrid, is_palm, read_idrid, read_palm

__all__ = ["every_image", "read_dataset"]

_log = logging.getLogger("monai_medtex")


def _has_datalist(root: Path) -> bool:
    return root.suffix.lower() == ".json" or (root / "datalist.json").is_file()


def _has_csv(root: Path) -> bool:
    return root.suffix.lower() == ".csv" or bool(csv_files(root))


def read_dataset(path: str | os.PathLike, class_names: Sequence[str] = ()) -> dict[str, list[dict]]:
    """Read images in whichever known layout lies at ``path``; the layout is logged.

    Args:
        path: ``datalist.json`` or a csv file, or a folder with one of them, with IDRiD or PALM as released, with one
            folder per class, or with images.
        class_names: what class folders, see :func:`read_class_folders`, and labels of lists may be called.

    Returns:
        data list.

    Raises:
        InputError: if ``path`` does not exist or holds no images in one of these layouts.
    """
    return _read(_existing(path), class_names)


def _read(root: Path, class_names: Sequence[str] | None) -> dict[str, list[dict]]:
    layouts = (
        ("datalist.json", _has_datalist, partial(read_datalist, class_names=class_names)),
        ("csv file with a column image", _has_csv, partial(read_csv, class_names=class_names)),
        ("IDRiD", is_idrid, read_idrid),
        ("PALM", is_palm, read_palm),
        ("folders of images", Path.is_dir, partial(read_class_folders, class_names=class_names or ())),
    )
    for name, recognises, read in layouts:
        if recognises(root):
            datalist = read(root)
            if any(datalist.values()):
                _log.info("%s: read as %s", root, name)
                return datalist
            break
    raise InputError(f"{root}: no images found; accepted: {', '.join(name for name, _, _ in layouts)}")


def every_image(path: str | os.PathLike) -> list[str]:
    """List the images to classify.

    Args:
        path: a list or table, or a folder with one of them, whose images are taken; or a folder, whose images at any
            depth are taken but for those in folders of masks, ground truth, annotations or illustrations, which are
            counted in the log, and in folders of results.

    Returns:
        absolute paths.

    Raises:
        InputError: if ``path`` does not exist or holds no images.
    """
    root = _existing(path)
    if root.is_dir() and not (_has_datalist(root) or _has_csv(root)):
        results = {table.parent for table in root.rglob("predictions.csv")} - {root}
        found = [file for file in images_in(root, "**/*") if results.isdisjoint(file.parents)]
        masks = masks_beside(found)
        images = [str(file) for file in found if file not in masks and not is_beside(file, root)]
        if len(images) < len(found):
            left_out = len(found) - len(images)
            _log.info("%s: %d masks or annotations are left out", root, left_out)
        if images:
            return images
    return [entry["image"] for entries in _read(root, None).values() for entry in entries]


def _existing(path: str | os.PathLike) -> Path:
    root = given_path(dataset_dir=path).resolve()
    if not root.exists():
        raise InputError(f"{path}: no such file or folder")
    return root
