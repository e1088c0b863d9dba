# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from monai_medtex.utils import InputError, check_at_least, given_file, given_path

from .received_files import check_files
from .received_members import check_members

__all__ = ["receive"]

logger = logging.getLogger("monai_medtex")

MEGABYTE = 2**20
CHUNK = 2**20


def receive(
    zip_file: str | os.PathLike | None,
    output_dir: str | os.PathLike | None,
    *,
    max_megabytes: int = 1024,
    max_members: int = 1000,
) -> Path:
    """Unpack a bundle from elsewhere, or refuse it and leave nothing behind.

    Nothing of it is run and no config of it is parsed: weights are loaded with ``weights_only`` and dropped again.

    Args:
        zip_file: the bundle.
        output_dir: where its folder is made.
        max_megabytes: that its files, and the tensors of a checkpoint, may have.
        max_members: how many files and folders it may have.

    Returns:
        the bundle's folder.

    Raises:
        InputError: with the reason, in one line.
    """
    check_at_least(1, max_megabytes=max_megabytes, max_members=max_members)
    if not zip_file or not output_dir:
        raise InputError("zip_file, output_dir: name the zip and the folder with --zip_file and --output_dir")
    source, target = given_file(zip_file=zip_file), given_path(output_dir=output_dir).absolute()
    with _opened(source) as archive:
        members, limit = archive.infolist(), max_megabytes * MEGABYTE
        folder = target / check_members(members, limit, max_members)
        if os.path.lexists(folder):
            raise InputError(f"output_dir: {folder} is there already, and is not replaced")
        with _staged(target) as stage:
            _unpack(archive, stage, limit)
            check_files(stage / folder.name, limit)
            (stage / folder.name).rename(folder)
    logger.info("received %d files: %s", sum(not member.is_dir() for member in members), folder)
    logger.info("its configs, scripts and programs have not been run or read, and can run code: look at them first")
    return folder


@contextmanager
def _opened(source: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(source) as archive:
            yield archive
    except (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise InputError(f"zip_file: {source} is no zip, or a broken one: {error}") from error
    except OSError as error:
        raise InputError(f"zip_file: {source} can't be unpacked: {error.strerror or error}") from error


@contextmanager
def _staged(target: Path) -> Iterator[Path]:
    """Give a folder beside the target, and remove it; where the block fails, remove the folders made for it as well."""
    made = [folder for folder in (target, *target.parents) if not folder.exists()]
    try:
        target.mkdir(parents=True, exist_ok=True)
        stage = Path(tempfile.mkdtemp(prefix=".receiving_", dir=target))
    except OSError as error:
        raise InputError(f"output_dir: {target} can't be written to: {error.strerror}") from error
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        with suppress(OSError):
            for folder in made:
                folder.rmdir()


def _unpack(archive: zipfile.ZipFile, stage: Path, max_bytes: int) -> None:
    """Write the members as plain files, and count what is written, whatever they declare."""
    left = max_bytes
    for member in archive.infolist():
        path = stage / member.filename
        if member.is_dir():
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(member) as packed, path.open("xb") as file:
            while chunk := packed.read(CHUNK):
                left -= len(chunk)
                if left < 0:
                    raise InputError(f"zip_file: {member.filename} unpacks to more than max_megabytes allows")
                file.write(chunk)
