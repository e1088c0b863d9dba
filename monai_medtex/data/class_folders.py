# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from monai_medtex.utils import InputError

from .checks import UNKNOWN
from .image_files import images_in, is_beside, masks_beside, names_no_image
from .sections import SECTION_OF, sections_of

__all__ = ["read_class_folders"]

_log = logging.getLogger("monai_medtex")


def _folders_in(root: Path) -> list[Path]:
    return sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))


def read_class_folders(root: Path, class_names: Sequence[str] = ()) -> dict[str, list[dict]]:
    """Read ``root/<class>/*`` or ``root/<split>/<class>/*``, the split being named as in :func:`read_csv`.

    Args:
        root: the folder. A single folder and images that lie loose tell no class, so there the label is unknown.
        class_names: names of the classes. Folders with these names, in capitals or not, get their labels; if none has
            such a name, they get 0, 1, ..., sorted by name, which is logged.

    Returns:
        data list.

    Raises:
        InputError: for a folder of masks among the classes, a mask beside its image, loose images beside class or split
            folders, or a folder that is none of the classes beside one that is.
    """
    splits = [(SECTION_OF[path.name.lower()], path) for path in _folders_in(root) if path.name.lower() in SECTION_OF]
    parts = splits or [("training", root)]
    names = sorted({path.name for _, part in parts for path in _folders_in(part) if images_in(path)})
    if any(map(names_no_image, names)):
        raise InputError(f"{root}: masks are no class, among {names}; give a datalist.json or a csv file")
    if names and any(images_in(part) for _, part in parts):
        raise InputError(f"{root}: has images beside the class folders {names}; give a datalist.json or a csv file")
    if splits and images_in(root):
        beside = [path.name for _, path in splits]
        raise InputError(f"{root}: has images beside the folders {beside}; give a datalist.json or a csv file")
    labels = _labels_of_folders(root, names, class_names)
    result = sections_of()
    for section, part in parts:
        for folder, label in [(part, UNKNOWN), *((part / name, label) for name, label in labels.items())]:
            result[section] += [{"image": str(path), "label": label} for path in _classified(folder)]
    _warn_of_others(root, result)
    return result


def _classified(folder: Path) -> list[Path]:
    images = images_in(folder)
    if masks := masks_beside(images):
        mask, own = next(iter(masks.items()))
        raise InputError(f"{mask}: a mask of {own}, not an image; give a datalist.json or a csv file that says so")
    return images


def _labels_of_folders(root: Path, names: list[str], class_names: Sequence[str]) -> dict[str, int]:
    if len(names) < 2:
        return dict.fromkeys(names, UNKNOWN)
    numbers = {str(name).lower(): number for number, name in enumerate(class_names)}
    others = [name for name in names if name.lower() not in numbers]
    if not others:
        return {name: numbers[name.lower()] for name in names}
    if len(others) < len(names):
        raise InputError(f"{root}: the folder {others[0]} is none of the classes; class_names is {list(class_names)}")
    known = dict(enumerate(f" (as {name})" for name in class_names))
    taken = ", ".join(f"{number} {name}{known.get(number, '')}" for number, name in enumerate(names))
    _log.warning("%s: labels by folder: %s", root, taken)
    return {name: number for number, name in enumerate(names)}


def _warn_of_others(root: Path, datalist: Mapping[str, list[dict]]) -> None:
    listed = {entry["image"] for entries in datalist.values() for entry in entries}
    others = [path for path in images_in(root, "**/*") if str(path) not in listed and not is_beside(path, root)]
    if listed and others:
        _log.warning("%s: %d images lie in other folders and are left out, such as %s", root, len(others), others[0])
