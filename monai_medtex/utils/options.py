# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from .errors import InputError

__all__ = ["check_at_least", "check_between", "edge_lengths", "given_path"]


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


def given_path(**option: object) -> Path:
    """Read an option that names a file or a folder.

    Args:
        option: by its name. The command line gives True for an option without a value, and a number for a name that
            reads as one.

    Returns:
        the path, with the home folder in place of ``~``.

    Raises:
        InputError: When it is no path.
    """
    ((name, value),) = option.items()
    if not isinstance(value, (str, os.PathLike)):
        raise InputError(f"{name} must be a path, got {value}")
    return Path(value).expanduser()
