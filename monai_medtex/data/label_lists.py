# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""Labels that hold or not, each for itself: a list of 1, 0 and -1 (unknown) for each image of a data list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from monai_medtex.utils import InputError

from .checks import UNKNOWN, label_number

__all__ = ["held_labels", "listed_label", "strata", "with_label_lists"]


def listed_label(value: object, where: str, class_names: Sequence[str] = ()) -> int | list[int]:
    """Read a label as it stands in a list or table.

    Args:
        value: a class by index, or by name if that is no number, or a list of 1, 0 and -1, in a table separated by
            blanks; ``None`` or empty text for unknown.
        where: file and entry, for the error.
        class_names: names of the classes.

    Raises:
        InputError: if it is something else.
    """
    names = [str(name).lower() for name in class_names]
    if isinstance(value, str) and (name := value.strip().lower()) in names and not name.isnumeric():
        return names.index(name)
    if isinstance(value, str) and len(value.split()) > 1:
        value = value.split()
    if not isinstance(value, list):
        return label_number(value, where)
    label = [label_number(part, where) for part in value]
    if any(part not in (UNKNOWN, 0, 1) for part in label):
        raise InputError(f"{where}: label {value!r} is no list of 1, 0 and -1 (unknown)")
    return label


def with_label_lists(datalist: Mapping[str, list[dict]], num_labels: int | None) -> dict[str, list[dict]]:
    """Check that all labels of a data list are of one kind.

    Args:
        datalist: data list.
        num_labels: length of each list of labels; an image without a label gets a list of the unknown. None where
            labels are class indices.

    Returns:
        data list.

    Raises:
        InputError: for a label of another kind or length.
    """
    if num_labels is None:
        for entry in (entry for entries in datalist.values() for entry in entries):
            if isinstance(entry["label"], list):
                raise InputError(f"{entry['image']}: has a list of labels; name multilabel.json after train.json")
        return dict(datalist)

    def listed(entry: dict) -> dict:
        label = [UNKNOWN] * num_labels if entry["label"] == UNKNOWN else entry["label"]
        if not isinstance(label, list) or len(label) != num_labels:
            raise InputError(f"{entry['image']}: label {label} is no list of {num_labels}, one for each of class_names")
        return {**entry, "label": label}

    return {section: [listed(entry) for entry in entries] for section, entries in datalist.items()}


def held_labels(label: int | list[int]) -> list[int]:
    """Give the labels that hold: the class index itself, or the places of ones; -1 alone where all is unknown."""
    if not isinstance(label, list):
        return [label]
    return [UNKNOWN] if set(label) == {UNKNOWN} else [index for index, on in enumerate(label) if on == 1]


def strata(entries: Sequence[dict]) -> list[int]:
    """Number each image's class for a stratified split.

    Of several labels that hold, the rarest among ``entries`` counts, since common ones are spread evenly anyway; the
    rarer the label, the higher its number.

    Args:
        entries: entries of a data list.

    Returns:
        class indices as they are; for lists of labels a number from 1, 0 where none holds, -1 where all are unknown.
    """
    labels = [entry["label"] for entry in entries]
    held = Counter(index for label in labels if isinstance(label, list) for index, on in enumerate(label) if on == 1)
    ranks = {index: rank for rank, (index, _) in enumerate(held.most_common(), start=1)}

    def stratum(label: int | list[int]) -> int:
        if not isinstance(label, list):
            return label
        return max((ranks[index] for index, on in enumerate(label) if on == 1), default=max(label, default=UNKNOWN))

    return [stratum(label) for label in labels]
