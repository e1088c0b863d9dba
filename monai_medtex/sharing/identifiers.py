# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from monai.utils import ensure_tuple

__all__ = ["identifiers", "mentioned", "tells"]

SHORTEST, SHORTEST_NUMBER = 4, 6  # characters; what is shorter is met by chance
FRAME = re.compile(r"#\d+(?=\.|$)")  # of a DICOM file, as in ``scan#3.dcm``


def identifiers(entries: Iterable[Mapping[str, Any]], files: Iterable[str] = ()) -> list[str]:
    """List what tells an image or a patient: names of files, with and without suffix, of their folders, of patients.

    A name without suffix counts if it holds a digit, and is longer than numbers that any text may hold; so ``normal``
    or ``0012`` alone tell nothing, and ``0012.png``, ``P0012`` and ``20190412`` do.

    Args:
        entries: of a data list.
        files: further image files.

    Returns:
        the identifiers in lower case and Unicode's composed form, sorted.
    """
    entries = list(entries)
    paths = [
        PurePath(str(name)) for entry in entries for name in (entry["image"], *ensure_tuple(entry.get("mask", ())))
    ]
    paths += [PurePath(name) for name in files]
    paths += [PurePath(FRAME.sub("", str(path))) for path in paths if FRAME.search(path.name)]
    stems = {path.name.removesuffix("".join(path.suffixes[-2:])) for path in paths} | {path.stem for path in paths}
    patients = {str(entry["patient"]) for entry in entries if entry.get("patient")}
    names = {path.name for path in paths if path.suffix}
    names |= {name for name in stems | _folders(paths) if tells(name) and any(map(str.isdigit, name))}
    names |= {name for name in patients if tells(name)}
    return sorted({_folded(name) for name in names})


def tells(name: str) -> bool:
    """Whether a name is too long to be met by chance."""
    return len(name) >= (SHORTEST_NUMBER if name.isdigit() else SHORTEST)


def mentioned(text: str, names: Iterable[str]) -> str | None:
    """Return the first of the names that the text holds, not as part of a longer word or number.

    Args:
        text: to look at.
        names: as :func:`identifiers` gives them.
    """
    text = _folded(text)
    for name in names:
        if name in text and re.search(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", text):
            return name
    return None


def _folded(text: str) -> str:
    """Write letters small and accents with their letters, as file names of macOS are not."""
    return unicodedata.normalize("NFC", text.lower())


def _folders(paths: Sequence[PurePath]) -> set[str]:
    """Names of the folders below the one that all files lie in."""
    parents = {str(path.parent) for path in paths if path.is_absolute()}
    common = len(PurePath(os.path.commonpath(parents)).parts) if parents else 0
    return {part for parent in parents for part in PurePath(parent).parts[common:]}
