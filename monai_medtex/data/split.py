# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""Stratified splits that keep the images of one patient together.

``monai.data.partition_dataset_classes`` rounds the size of each part, so that three equal parts of four images hold
three of them in all; here the borders between the parts are rounded instead.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from monai_medtex.utils import InputError

from .label_lists import strata

__all__ = ["split", "take_fraction"]


def _patients_by_class(entries: Sequence[dict], seed: int) -> Iterator[list[list[int]]]:
    """Yield, class by class, the patients in random order, each as the indices of its images."""
    patients: dict[object, list[int]] = defaultdict(list)
    for index, entry in enumerate(entries):
        patients[entry.get("patient", index)].append(index)
    labels = strata(entries)
    classes: dict[int, list[list[int]]] = defaultdict(list)
    for indices in patients.values():
        classes[max(labels[index] for index in indices)].append(indices)
    random = np.random.RandomState(seed)
    for label in sorted(classes):
        yield [classes[label][index] for index in random.permutation(len(classes[label]))]


def _check(name: str, fraction: float) -> None:
    if not 0 < fraction <= 1:
        raise InputError(f"{name} must be above 0 and at most 1, got {fraction}")


def split(entries: Sequence[dict], fractions: Sequence[float], seed: int) -> list[list[dict]]:
    """Split entries into disjoint parts that together hold all of them.

    A patient (an entry without ``patient`` counts as one) is never divided, and belongs to the class of its highest
    label. Of every class, each part gets its fraction of the patients, at most one patient more or less.

    Args:
        entries: entries of a data list.
        fractions: size of each part, each in (0, 1], with sum 1.
        seed: the same seed gives the same parts.

    Returns:
        one list for each fraction, in the order of ``entries``.

    Raises:
        InputError: for a fraction out of range, or another sum.
    """
    for fraction in fractions:
        _check("fractions", fraction)
    if not math.isclose(sum(fractions), 1, abs_tol=1e-6):
        raise InputError(f"fractions must have the sum 1, got {list(fractions)}")
    ends = np.cumsum(fractions)[:-1]
    chosen: list[list[int]] = [[] for _ in fractions]
    for patients in _patients_by_class(entries, seed):
        borders = [0, *(math.floor(end * len(patients) + 0.5) for end in ends), len(patients)]
        for part, start, stop in zip(chosen, borders, borders[1:], strict=False):
            part += [index for indices in patients[start:stop] for index in indices]
    return [[entries[index] for index in sorted(part)] for part in chosen]


def take_fraction(entries: Sequence[dict], fraction: float, seed: int) -> list[dict]:
    """Take a stratified subset; for one seed, a smaller fraction is a subset of a larger one.

    Patients and classes are handled as in :func:`split`, but at least one patient of each class is kept.

    Args:
        entries: entries of a data list.
        fraction: share of the patients of each class to take, in (0, 1].
        seed: the same seed gives the same subset.

    Returns:
        the subset, in the order of ``entries``.

    Raises:
        InputError: for a fraction out of range.
    """
    _check("fraction", fraction)
    chosen: list[int] = []
    for patients in _patients_by_class(entries, seed):
        count = max(1, math.floor(fraction * len(patients) + 0.5))
        chosen += [index for indices in patients[:count] for index in indices]
    return [entries[index] for index in sorted(chosen)]
