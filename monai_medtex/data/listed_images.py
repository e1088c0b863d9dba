# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""Images as a list or a table names them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from monai_medtex.utils import InputError

from .checks import UNKNOWN, path_inside
from .label_lists import listed_label
from .sections import SECTION_OF, SECTIONS, sections_of

__all__ = ["csv_files", "csv_rows", "read_csv", "read_datalist", "with_masks"]


def with_masks(entry: dict[str, Any], masks: list[str], inverted: bool = False) -> dict[str, Any]:
    """Add masks to an entry, if there are any."""
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
    return with_masks(entry, masks, inverted == "true") | ({"patient": patients[0]} if patients else {})


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


def csv_rows(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
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


def csv_files(root: Path) -> list[Path]:
    """The tables with a column ``image`` at a path."""
    files = sorted(root.iterdir()) if root.is_dir() else [root]
    files = [file for file in files if file.suffix.lower() == ".csv" and file.is_file()]
    return [file for file in files if "image" in next(csv_rows(file))[1]]


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
    files = csv_files(root)
    if len(files) != 1:
        raise InputError(f"{root}: expected one csv file with a column image, got {[file.name for file in files]}")
    folder, result = files[0].parent.resolve(), sections_of()
    for line, row in list(csv_rows(files[0]))[1:]:
        where, name = f"{files[0]}: line {line}", row.get("split", "").lower() or "training"
        if name not in SECTION_OF:
            raise InputError(f"{where}: split {name!r} is none of {', '.join(SECTION_OF)}")
        result[SECTION_OF[name]].append(_listed(folder, row, where, class_names))
    return result
