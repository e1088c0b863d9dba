# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from monai_medtex.networks.plain_program import check_plain_program, why_no_weights
from monai_medtex.utils import InputError

__all__ = ["check_files"]

CHECKPOINTS = {".pt", ".pth", ".ckpt", ".bin", ".tar"}
PICKLES = {".pkl", ".pickle", ".joblib", ".dill"}
EXPORTED_PROGRAM = ".pt2"
PICKLED = re.compile(rb"\x80[\x02-\x05]")


def check_files(root: Path, max_bytes: int) -> None:
    """Refuse unpacked files that would run code when they are loaded as weights; nothing but weights is opened.

    Args:
        root: of the bundle.
        max_bytes: that the tensors of a file may have.

    Raises:
        InputError: with the file and the reason.
    """
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        name = path.relative_to(root.parent).as_posix()
        if path.suffix.lower() in CHECKPOINTS:
            _check_size(path, name, max_bytes)
            _check_weights(path, name)
        elif path.suffix.lower() == EXPORTED_PROGRAM:
            _check_size(path, name, max_bytes)
            check_plain_program(path, f"zip_file: {name}")
        elif path.suffix.lower() in PICKLES or _is_pickle(path):
            raise InputError(f"zip_file: {name} is a pickled object, which can run code, and is refused")


def _is_pickle(path: Path) -> bool:
    with path.open("rb") as file:
        return bool(PICKLED.match(file.read(2)))


def _check_size(path: Path, name: str, max_bytes: int) -> None:
    """Checkpoints are zips too, and may be compressed."""
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise InputError(f"zip_file: {name} is broken, and is refused") from error
    if size > max_bytes:
        raise InputError(f"zip_file: {name} declares {size} bytes of tensors, more than max_megabytes allows")


def _check_weights(path: Path, name: str) -> None:
    if reason := why_no_weights(path):
        raise InputError(f"zip_file: {name} {reason}, and is refused")
