# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from .errors import InputError

__all__ = ["check_at_least"]


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
