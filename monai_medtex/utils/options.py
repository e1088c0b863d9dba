# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, cast

from .errors import InputError

__all__ = ["check_at_least", "check_between", "check_path", "edge_lengths", "given_file", "given_path"]


def check_at_least(minimum: int, **options: object) -> None:
    """Check options that are whole numbers, before a run starts.

    Args:
        minimum: the lowest value allowed.
        options: by name.

    Raises:
        InputError: When one is no whole number, or is lower.
    """
    for name, value in options.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
            raise InputError(f"{name} must be a whole number of at least {minimum}, got {value}")


def check_between(minimum: float, maximum: float, **options: object) -> None:
    """Check options that are numbers, before a run starts.

    Args:
        minimum: the lowest value allowed.
        maximum: the highest value allowed.
        options: by name.

    Raises:
        InputError: When one is no number, or out of range.
    """
    for name, value in options.items():
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not minimum <= value <= maximum:
            raise InputError(f"{name} must be in {minimum}..{maximum}, got {value}")


def edge_lengths(minimum: int, **option: object) -> list[int]:
    """Read an option that is the size of a 3-D patch.

    Args:
        minimum: the lowest length allowed.
        option: by its name; a whole number for a cube, or three of them.

    Returns:
        three lengths in voxels.

    Raises:
        InputError: When it is something else, or a length is lower.
    """
    ((name, value),) = option.items()
    lengths: list[Any] = list(value) if isinstance(value, (list, tuple)) else [value] * 3
    if len(lengths) != 3:
        raise InputError(f"{name} must be one whole number or three, got {value}")
    for length in lengths:
        check_at_least(minimum, **{name: length})
    return lengths


def check_path(**options: object) -> None:
    """Check options that name a file or a folder.

    Args:
        options: by name. The command line gives True for an option without a value, and a number for a name that reads
            as one.

    Raises:
        InputError: When one is no path.
    """
    for name, value in options.items():
        if not isinstance(value, (str, os.PathLike)):
            raise InputError(f"{name} must be a path, got {value}")


def given_path(**option: object) -> Path:
    """Read an option that names a file or a folder.

    Args:
        option: by its name.

    Returns:
        the path, with the home folder in place of ``~``.

    Raises:
        InputError: When it is no path.
    """
    check_path(**option)
    (value,) = cast("dict[str, str | os.PathLike]", option).values()
    return Path(value).expanduser()


def given_file(**option: object) -> Path:
    """Read an option that names a file, as :func:`given_path` does.

    Raises:
        InputError: When it is no path, or no file is there.
    """
    ((name, value),) = option.items()
    file = given_path(**option)
    if not file.is_file():
        raise InputError(f"{name}: there is no file {value}")
    return file
