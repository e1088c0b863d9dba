# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""Files that are packed as they are: licences, and what whoever packs adds."""

from __future__ import annotations

import os
from pathlib import Path

from monai_medtex.utils import InputError, given_path

__all__ = ["extra_files", "licenses"]

UNKNOWN_LICENSE = "The images are no part of this bundle, and nothing is granted on them. Ask the authors.\n"


def licenses(
    bundle: Path,
    synthetic: bool,
    license_file: str | os.PathLike | None = None,
    data_license_file: str | os.PathLike | None = None,
) -> dict[str, bytes]:
    """Return the licences of the bundle and of the images that it was distilled on, by path in the bundle.

    Args:
        bundle: that the run was made with; its licence is the default.
        synthetic: whether the images are synthetic ones, whose licence the bundle has as well.
        license_file: of the bundle.
        data_license_file: of the images; by default it says that nothing is granted.

    Raises:
        InputError: When a file can't be read.
    """
    data_license = UNKNOWN_LICENSE.encode()
    if data_license_file or synthetic:
        data_license = _read("data_license_file", data_license_file or bundle / "docs" / "data_license.txt")
    return {"LICENSE": _read("license_file", license_file or bundle / "LICENSE"), "docs/data_license.txt": data_license}


def extra_files(extra_dir: str | os.PathLike | None) -> dict[str, bytes]:
    """Read a folder's files by their path in it.

    Raises:
        InputError: When there is no such folder, or it holds a link.
    """
    if not extra_dir:
        return {}
    folder = given_path(extra_dir=extra_dir)
    if not folder.is_dir():
        raise InputError(f"extra_dir: there is no folder {extra_dir}")
    files = sorted(path for path in folder.rglob("*") if path.is_symlink() or path.is_file())
    for path in files:
        if path.is_symlink():
            raise InputError(f"extra_dir: {path} is a link, and is not packed")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def _read(argument: str, path: str | os.PathLike) -> bytes:
    try:
        return given_path(**{argument: path}).read_bytes()
    except OSError as error:
        raise InputError(f"{argument}: {path} can't be read: {error.strerror}") from error
