# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import torch

from monai_medtex.utils import InputError

__all__ = ["check_files"]

CHECKPOINTS = {".pt", ".pth", ".ckpt", ".bin", ".tar"}
PICKLES = {".pkl", ".pickle", ".joblib", ".dill"}
EXPORTED_PROGRAM = ".pt2"
PICKLED = re.compile(rb"\x80[\x02-\x05]")
PLAIN_RECORD = re.compile(  # of an exported program, below its own folder
    r"models/[\w.-]+\.json|data/(weights|constants)/(weight_\d+|tensor_\d+|\w+_config\.json|\w+\.pt)"
    r"|data/sample_inputs/\w+\.pt|archive_format|archive_version|byteorder|version|\.data/\w+|extra/.*"
)
GLOBAL = re.compile(r"GLOBAL (\S+)")


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
            _check_exported_program(path, name)
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


def _check_weights(file: Path | IO[bytes], name: str) -> None:
    try:
        torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        called = GLOBAL.search(str(error))
        why = f"it names {called.group(1)}" if called else "it is broken, or holds more than weights"
        raise InputError(f"zip_file: {name} does not load with weights_only ({why}), and is refused") from error


def _check_exported_program(path: Path, name: str) -> None:
    """Check that ``torch.export.load`` finds tensors and tables alone: it unpickles whatever else there is."""
    if not zipfile.is_zipfile(path):
        raise InputError(f"zip_file: {name} is no exported program, and is refused")
    with zipfile.ZipFile(path) as archive:
        for record in archive.namelist():
            if not PLAIN_RECORD.fullmatch(record.partition("/")[2]):
                raise InputError(
                    f"zip_file: {name} holds {record}, which is no part of a plain program, and is refused"
                )
        for record in _pickled_records(archive, name):
            content = archive.read(record)
            if content:
                _check_weights(io.BytesIO(content), f"{name}: {record}")


def _pickled_records(archive: zipfile.ZipFile, name: str) -> Iterator[str]:
    """Name what is pickled in an exported program: example inputs, files of old, and what its tables say."""
    for record in archive.namelist():
        if record.endswith(".pt"):
            yield record
        if not record.endswith("_config.json"):
            continue
        try:
            table = json.loads(archive.read(record))["config"].values()
            payloads = [entry["path_name"] for entry in table if entry["use_pickle"]]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"zip_file: {name} is broken ({record}), and is refused") from error
        folder = record.rpartition("/")[0]
        yield from (f"{folder}/{payload}" for payload in payloads)
