# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import re
import stat
import zipfile
from collections.abc import Sequence

from monai_medtex.utils import InputError

__all__ = ["check_members"]

COMPRESSION = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
UNUSABLE = re.compile(r'[\x00-\x1f\x7f\\:*?"<>|]')
LONGEST = 255
ENCRYPTED = 1
METADATA = "configs/metadata.json"


def check_members(members: Sequence[zipfile.ZipInfo], max_bytes: int, max_members: int) -> str:
    """Check what a zip says that it holds, before anything is written.

    Args:
        members: of the zip.
        max_bytes: that they may have together, unpacked.
        max_members: how many there may be.

    Returns:
        the name of the bundle, the one folder that all of them lie in.

    Raises:
        InputError: with the member and the reason.
    """
    if len(members) > max_members:
        raise InputError(f"zip_file: {len(members)} members are more than max_members, {max_members}")
    for member in members:
        _check_name(member.orig_filename)
        _check_kind(member)
    size = sum(member.file_size for member in members)
    if size > max_bytes:
        raise InputError(f"zip_file: the members declare {size} bytes, more than max_megabytes allows ({max_bytes})")
    _check_distinct([member.filename for member in members])
    roots = {member.filename.split("/")[0] for member in members}
    root = next(iter(roots), "")
    if len(roots) != 1 or f"{root}/{METADATA}" not in {member.filename for member in members}:
        raise InputError(f"zip_file: no bundle: expected one folder that holds {METADATA}")
    return root


def _check_name(name: str) -> None:
    if UNUSABLE.search(name) or len(name) > LONGEST:
        raise InputError(f"zip_file: the name {name[:LONGEST]!r} can't be used on every system, and is refused")
    parts = name.removesuffix("/").split("/")
    if {"", ".", ".."} & set(parts):
        raise InputError(f"zip_file: the path {name!r} leads out of the bundle, or nowhere, and is refused")


def _check_kind(member: zipfile.ZipInfo) -> None:
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind == stat.S_IFLNK:
        raise InputError(f"zip_file: {member.filename} is a symbolic link, and is refused")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise InputError(f"zip_file: {member.filename} is neither file nor folder, and is refused")
    if member.flag_bits & ENCRYPTED or member.compress_type not in COMPRESSION:
        raise InputError(f"zip_file: {member.filename} is encrypted, or packed in an unusual way, and is refused")


def _check_distinct(names: Sequence[str]) -> None:
    """Refuse what would be one file on some system, and a file that is a folder as well."""
    files = [name.casefold() for name in names if not name.endswith("/")]
    folders = {
        "/".join(parts[:end]) for name in names if (parts := name.casefold().split("/")) for end in range(1, len(parts))
    }
    seen: set[str] = set()
    for name in files:
        if name in seen or name in folders:
            raise InputError(f"zip_file: {name} comes twice, and is refused")
        seen.add(name)
