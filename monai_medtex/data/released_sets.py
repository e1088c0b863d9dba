# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""Public data sets as they were released."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from monai_medtex.utils import InputError

from .checks import UNKNOWN, label_number
from .image_files import images_in, is_beside
from .listed_images import csv_rows, with_masks
from .sections import SECTIONS, sections_of

__all__ = ["is_idrid", "is_palm", "read_idrid", "read_palm"]

_IDRID_SETS = {"training": "a. Training Set", "test": "b. Testing Set"}
_IDRID_LESIONS = ("MA", "HE", "EX", "SE")
_IDRID_MASKS = "2. All Segmentation Groundtruths"
_IDRID_GRADES = "[!.]*Disease Grading_*ing Labels.csv"


def _palm_files(root: Path) -> tuple[list[Path], defaultdict[str, list[str]]]:
    """Give the images, and the lesion masks by image name; disc masks and illustrations are neither."""
    images: list[Path] = []
    lesions: defaultdict[str, list[str]] = defaultdict(list)
    for path in images_in(root, "**/*"):
        folders = path.relative_to(root).parent.as_posix().lower().replace(" ", "_")
        if "lesion_masks" in folders:
            lesions[path.stem].append(str(path))
        elif not is_beside(path, root):
            images.append(path)
    return images, lesions


def is_palm(root: Path) -> bool:
    """Whether PALM as released lies in a folder."""
    images, lesions = _palm_files(root)
    if not all(re.fullmatch(r"[PHNVT]\d+", path.stem) for path in images):
        return False
    letters: defaultdict[Path, set[str]] = defaultdict(set)
    for path in images:
        letters[path.parent].add(path.stem[0])
    return any("P" in found and (lesions or found & {"H", "N"}) for found in letters.values())


def read_palm(root: Path) -> dict[str, list[dict]]:
    """Read the training images of PALM (iChallenge-PM) as released (Fang 2024, doi 10.1038/s41597-024-02911-2).

    Args:
        root: a folder that holds, at any depth, images named ``P0001`` (pathologic myopia, label 1), ``H0001`` (high
            myopia) or ``N0001`` (normal; both label 0) and maybe lesion masks, ``Lesion_Masks/Atrophy/P0001.bmp`` etc.,
            in which a lesion is 0 and the background 255. The unlabelled ``V*`` and ``T*`` images are left out.

    Returns:
        data list, all in ``training``.
    """
    images, lesions = _palm_files(root)
    entries = [
        with_masks({"image": str(path), "label": int(path.stem[0] == "P")}, lesions[path.stem], inverted=True)
        for path in images
        if re.fullmatch(r"[PHN]\d+", path.stem)
    ]
    return sections_of(training=entries)


def _idrid_grading(grades: Path) -> dict[str, list[dict]]:
    section = "training" if "_Training" in grades.name else "test"
    rows = list(csv_rows(grades))[1:]
    table = {
        row.get("image name"): label_number(row.get("retinopathy grade"), f"{grades}: line {line}")
        for line, row in rows
    }
    images = images_in(grades.parent.parent / "1. Original Images" / _IDRID_SETS[section])
    graded = [(path, table.get(path.stem, UNKNOWN)) for path in images]
    return {section: [{"image": str(path), "label": min(grade, 1)} for path, grade in graded if grade != 1]}


def _idrid_segmentation(masks: Path) -> dict[str, list[dict]]:
    result = sections_of()
    for section, name in _IDRID_SETS.items():
        found = {path.stem: str(path) for path in images_in(masks / name, "**/*")}
        for path in images_in(masks.parent / "1. Original Images" / name):
            lesions = [f"{path.stem}_{lesion}" for lesion in _IDRID_LESIONS]
            own = [found[lesion] for lesion in lesions if lesion in found]
            result[section].append(with_masks({"image": str(path), "label": 1}, own))
    return result


def is_idrid(root: Path) -> bool:
    """Whether a task of IDRiD as released lies in a folder."""
    return any(root.rglob(_IDRID_GRADES)) or any(root.rglob(_IDRID_MASKS))


def read_idrid(root: Path) -> dict[str, list[dict]]:
    """Read "A. Segmentation" or "B. Disease Grading" of IDRiD as released (Porwal 2018, doi 10.3390/data3030025).

    Grading: label 0 for grade 0, label 1 ("referable") for grade 2 and above; grade 1 is left out. Segmentation: label
    1; the mask is the union of microaneurysms, haemorrhages, hard and soft exudates, without the optic disc.

    Args:
        root: the folder of one of the two tasks, or a folder that holds it.

    Returns:
        data list with the released training and test sets.

    Raises:
        InputError: where both tasks lie below ``root``: they share photographs, across training and test.
    """
    grades, masks = sorted(root.rglob(_IDRID_GRADES)), sorted(root.rglob(_IDRID_MASKS))
    if grades and masks:
        raise InputError(f"{root}: holds IDRiD's segmentation and grading, which share photographs; give one of them")
    parts = [_idrid_grading(file) for file in grades] + [_idrid_segmentation(folder) for folder in masks]
    return {section: [entry for part in parts for entry in part.get(section, [])] for section in SECTIONS}
