# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether an exported program (``.pt2``) holds tensors and tables alone.

``torch.export.load`` unpickles all else, and evaluates the sizes that its tables name as expressions of Python.
"""

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

__all__ = ["check_plain_program", "why_no_weights"]

PLAIN_RECORD = re.compile(  # below the archive's own folder
    r"models/[\w.-]+\.json|data/(weights|constants)/(weight_\d+|tensor_\d+|\w+_config\.json|\w+\.pt)"
    r"|data/sample_inputs/\w+\.pt|archive_format|archive_version|byteorder|version|\.data/\w+|extra/.*"
)
GLOBAL = re.compile(r"GLOBAL (\S+)")
EVALUATED = ("expr_str", "guards_code")
TEXT = re.compile(r"'[A-Za-z0-9_]*'|\"[A-Za-z0-9_]*\"")
CALL = re.compile(r"([A-Za-z_]\w*)\s*\(", re.ASCII)
CALLED = {"size", "stride", "storage_offset", "isinstance", "len", "and", "or", "not"}
UNPLAIN = re.compile(r"__|[^A-Za-z0-9_\s+\-*/%().\[\],=<>!&|~]|[)\]]\s*\(")


def check_plain_program(path: Path, called: str) -> None:
    """Refuse an exported program that would run code when it is opened; nothing but weights is opened here.

    Args:
        path: the file.
        called: what to call it in an error, with its argument.

    Raises:
        InputError: When it is no archive, or holds pickled objects or compiled code.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            reason = _unplain_part(archive)
    except Exception as error:
        raise InputError(f"{called} is no exported program, or a broken one, and is refused") from error
    if reason:
        raise InputError(f"{called} holds {reason}, and is refused")


def why_no_weights(file: Path | IO[bytes]) -> str | None:
    """Say why a file does not load as weights, with ``weights_only``; None where it does."""
    try:
        torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        named = GLOBAL.search(str(error))
        why = f"it names {named.group(1)}" if named else "it is broken, or holds more than weights"
        return f"does not load with weights_only ({why})"
    return None


def _unplain_part(archive: zipfile.ZipFile) -> str | None:
    """Name a record that is more than a tensor or a table."""
    records = archive.namelist()
    if len({record.lower() for record in records}) < len(records):
        return "two records of one name"
    for record in records:
        if not PLAIN_RECORD.fullmatch(record.partition("/")[2]):
            return f"{record}, which is no part of a plain program"
    for record in records:
        if record.endswith(".json") and (text := _unplain_expression(json.loads(archive.read(record)))):
            return f"{record}, which has {text!r} evaluated"
    for record in _pickled_records(archive):
        content = archive.read(record)
        if content and (reason := why_no_weights(io.BytesIO(content))):
            return f"{record}, which {reason}"
    return None


def _unplain_expression(content: object, evaluated: bool = False) -> str | None:
    """Find an expression of a table that is more than a comparison or a term of sizes."""
    if isinstance(content, dict):
        parts = [_unplain_expression(value, evaluated or key in EVALUATED) for key, value in content.items()]
        return next(filter(None, parts), None)
    if isinstance(content, list):
        return next(filter(None, (_unplain_expression(value, evaluated) for value in content)), None)
    if not evaluated or not isinstance(content, str):
        return None
    bare = TEXT.sub("0", content)
    plain = "__" not in content and not UNPLAIN.search(bare)
    plain = plain and all(name in CALLED or name[0].isupper() for name in CALL.findall(bare))
    return None if plain else content


def _pickled_records(archive: zipfile.ZipFile) -> Iterator[str]:
    """Name what is pickled: example inputs, files of old, and what the tables say."""
    for record in archive.namelist():
        if record.endswith(".pt"):
            yield record
        if record.endswith("_config.json"):
            folder, table = record.rpartition("/")[0], json.loads(archive.read(record))["config"].values()
            yield from (f"{folder}/{entry['path_name']}" for entry in table if entry["use_pickle"])
