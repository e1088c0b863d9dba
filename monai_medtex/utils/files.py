# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

__all__ = ["atomic_write", "file_digest", "home", "name_inside", "save_tensors"]


@contextmanager
def atomic_write(path: str | os.PathLike) -> Iterator[Path]:
    """Give a temporary path beside ``path``; rename it to ``path`` when the block ends well, else remove it.

    A reader, and a process killed at any moment, sees either the old file or the whole new one.

    Args:
        path: the file to write; its folder is made if needed.

    Yields:
        the path to write to, with the same suffix as ``path``.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.tmp{path.suffix}")
    try:
        yield temporary
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def file_digest(path: str | os.PathLike) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal digits."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def save_tensors(content: Mapping[str, Any], path: str | os.PathLike) -> None:
    """Write a state dict in one step; equal content gives equal bytes, whatever the file's name."""
    with atomic_write(path) as temporary, open(temporary, "wb") as file:
        torch.save(content, file)


def name_inside(path: str | os.PathLike, root: str | os.PathLike) -> Path:
    """Name a data set's file relative to the data set, so that the name never leads out of a folder of results.

    Args:
        path: the file.
        root: the data set's folder, or the list of files in it.

    Returns:
        a relative path; the bare name of a file that lies elsewhere.
    """
    folder = Path(root).expanduser().resolve()
    folder = folder if folder.is_dir() else folder.parent
    file = Path(os.path.abspath(path))
    return file.relative_to(folder) if file.is_relative_to(folder) else Path(file.name)


def home() -> Path:
    """Folder for data that is generated and for runs: ``MONAI_MEDTEX_HOME``, else ``~/monai_medtex``."""
    return Path(os.environ.get("MONAI_MEDTEX_HOME") or Path.home() / "monai_medtex")
