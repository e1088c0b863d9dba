# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""Read what users have - a list, a table, a public data set, folders - as one data list (see :mod:`.datalist`)."""

from __future__ import annotations

import csv
import json
import logging
import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from monai_medtex.utils import InputError, given_path

from .checks import UNKNOWN, label_number, path_inside
from .class_folders import read_class_folders
from .image_files import images_in, is_beside, masks_beside
from .label_lists import listed_label
from .sections import SECTION_OF, SECTIONS, sections_of

__all__ = ["every_image", "read_csv", "read_datalist", "read_dataset", "read_idrid", "read_palm"]

_IDRID_SETS = {"training": "a. Training Set", "test": "b. Testing Set"}
_IDRID_LESIONS = ("MA", "HE", "EX", "SE")
_IDRID_MASKS = "2. All Segmentation Groundtruths"
_IDRID_GRADES = "[!.]*Disease Grading_*ing Labels.csv"

_log = logging.getLogger("monai_medtex")


def _with_masks(entry: dict[str, Any], masks: list[str], inverted: bool = False) -> dict[str, Any]:
    if not masks:
        return entry
    mask = {"mask": masks[0] if len(masks) == 1 else masks}
    return entry | mask | ({"mask_inverted": True} if inverted else {})


def _listed(folder: Path, raw: Mapping[str, Any], where: str, class_names: Sequence[str] | None) -> dict[str, Any]:
    masks = raw.get("mask") or []
    inverted = str(raw.get("mask_inverted") or "false").lower()
    if inverted not in ("true", "false"):
        raise InputError(f"{where}: mask_inverted is {inverted!r}, expected true or false")
    label = UNKNOWN if class_names is None else listed_label(raw.get("label"), where, class_names)
    entry = {"image": path_inside(folder, raw.get("image"), where), "label": label}
    masks = [path_inside(folder, mask, where) for mask in (masks if isinstance(masks, list) else [masks])]
    names = [raw.get(key) for key in ("patient", "subject", "patient_id")]
    patients = [str(name) for name in names if name not in (None, "")]
    return _with_masks(entry, masks, inverted == "true") | ({"patient": patients[0]} if patients else {})


def read_datalist(root: Path, class_names: Sequence[str] | None = ()) -> dict[str, list[dict]]:
    """Read MONAI's ``datalist.json``.

    Args:
        root: the file, or the folder that holds ``datalist.json``. Its keys ``training``, ``validation``, ``test`` hold
            lists of ``{"image", "label"?, "mask"?, "mask_inverted"?, "patient"|"subject"|"patient_id"?}`` or of paths;
            paths are relative to the file's folder.
        class_names: names that a label may have instead of a number; None to look at no label.

    Returns:
        data list.

    Raises:
        InputError: for a file that is no such list, a path that leads out of the folder, or a label that is no integer
            and no name of a class.
    """
    file = root / "datalist.json" if root.is_dir() else root
    folder, result = file.parent.resolve(), sections_of()
    try:
        content = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{file}: not readable as JSON: {error}") from error
    if not isinstance(content, dict) or not set(SECTIONS) & set(content):
        found = list(content) if isinstance(content, dict) else f"a {type(content).__name__}"
        raise InputError(f"{file}: expected at least one of the keys {', '.join(SECTIONS)}, got {found}")
    for section in SECTIONS:
        raws = content.get(section, [])
        if not isinstance(raws, list):
            raise InputError(f"{file}: {section} must be a list, got {raws!r}")
        for index, raw in enumerate(raws):
            raw = raw if isinstance(raw, dict) else {"image": raw}
            result[section].append(_listed(folder, raw, f"{file}: {section}[{index}]", class_names))
    return result


def _csv_rows(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line number and cells by column: first of the header itself, then of each row that is not empty."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            header = stream.readline()
            stream.seek(0)
            lines = csv.reader(stream, delimiter=";" if ";" in header and "," not in header else ",")
            names = [name.strip().lower() for name in next(lines, [])]
            yield 1, dict(zip(names, names, strict=True))
            for cells in lines:
                if any(cell.strip() for cell in cells):
                    yield lines.line_num, dict(zip(names, (cell.strip() for cell in cells), strict=False))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{file}: not readable as CSV: {error}") from error


def _csv_files(root: Path) -> list[Path]:
    files = sorted(root.iterdir()) if root.is_dir() else [root]
    files = [file for file in files if file.suffix.lower() == ".csv" and file.is_file()]
    return [file for file in files if "image" in next(_csv_rows(file))[1]]


def read_csv(root: Path, class_names: Sequence[str] | None = ()) -> dict[str, list[dict]]:
    """Read a table with a header, separated by commas, or by semicolons as some spreadsheets write it.

    Args:
        root: the file, or a folder with exactly one csv file that has a column ``image``. Further columns, optional:
            ``label``, ``mask``, ``mask_inverted``, ``patient`` (or ``subject``, ``patient_id``) and ``split``
            (``training``/``train``, ``validation``/``val``, ``test``). An empty cell is an unknown; without ``split`` a
            row is for training. Paths are relative to the file's folder.
        class_names: names that a label may have instead of a number; None to look at no label.

    Returns:
        data list.

    Raises:
        InputError: for no or several such files, a path that leads out of the folder, a label that is no integer and
            no name of a class, or another value of ``split``.
    """
    files = _csv_files(root)
    if len(files) != 1:
        raise InputError(f"{root}: expected one csv file with a column image, got {[file.name for file in files]}")
    folder, result = files[0].parent.resolve(), sections_of()
    for line, row in list(_csv_rows(files[0]))[1:]:
        where, name = f"{files[0]}: line {line}", row.get("split", "").lower() or "training"
        if name not in SECTION_OF:
            raise InputError(f"{where}: split {name!r} is none of {', '.join(SECTION_OF)}")
        result[SECTION_OF[name]].append(_listed(folder, row, where, class_names))
    return result


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


def _is_palm(root: Path) -> bool:
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
        _with_masks({"image": str(path), "label": int(path.stem[0] == "P")}, lesions[path.stem], inverted=True)
        for path in images
        if re.fullmatch(r"[PHN]\d+", path.stem)
    ]
    return sections_of(training=entries)


def _idrid_grading(grades: Path) -> dict[str, list[dict]]:
    section = "training" if "_Training" in grades.name else "test"
    rows = list(_csv_rows(grades))[1:]
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
            result[section].append(_with_masks({"image": str(path), "label": 1}, own))
    return result


def _is_idrid(root: Path) -> bool:
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


def _has_datalist(root: Path) -> bool:
    return root.suffix.lower() == ".json" or (root / "datalist.json").is_file()


def _has_csv(root: Path) -> bool:
    return root.suffix.lower() == ".csv" or bool(_csv_files(root))


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
        ("IDRiD", _is_idrid, read_idrid),
        ("PALM", _is_palm, read_palm),
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
