# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from statistics import fmean

__all__ = ["time_left"]


def time_left(seconds: Mapping[str, Sequence[float]], remaining: Sequence[str]) -> timedelta | None:
    """Estimate how long the remaining tasks take.

    Args:
        seconds: how long each finished task took, by the name of its method.
        remaining: names of the methods of the tasks that are left.

    Returns:
        the sum of their methods' means, or of the mean of all where a method has not been seen yet; None if nothing
        has been finished.
    """
    known = [value for values in seconds.values() for value in values]
    if not known:
        return None
    return timedelta(seconds=round(sum(fmean(seconds.get(name) or known) for name in remaining)))
