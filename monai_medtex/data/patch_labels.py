# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""Labels of patches: what holds for a volume need not hold for a part of it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from monai.transforms import Transform

from .checks import UNKNOWN, check_labels

__all__ = ["LabelByLesiond", "check_patch_labels"]

_NORMAL, _ABNORMAL = 0, 1


def _with_lesion(label: int) -> int:
    """The label of a patch with a lesion, of a volume with this label."""
    return _ABNORMAL if label in (UNKNOWN, _NORMAL) else label


class LabelByLesiond(Transform):
    """Label a patch, or a whole volume, by the lesion in it, where the volume has a lesion mask.

    With a mask, a patch without lesion has the label 0, and one with lesion the label of its volume (1 where that is 0
    or unknown). Without a mask a patch has the label of its volume, be it right or not.

    Args:
        least: voxels of the mask from which on a patch counts as one with lesion.
        label_key: key of the label.
        mask_key: key of the loaded mask.
        file_key: key that only an entry with a mask has, such as the mask's file. It must not begin with ``mask_key``
            and ``_``: MONAI's spatial transforms take such a key for metadata of the mask.
    """

    def __init__(
        self, least: int = 1, label_key: str = "label", mask_key: str = "mask", file_key: str = "lesion_file"
    ) -> None:
        self.least = least
        self.label_key = label_key
        self.mask_key = mask_key
        self.file_key = file_key

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Label one patch.

        Args:
            data: entry with the mask loaded.

        Returns:
            the entry with the patch's own label.
        """
        result = dict(data)
        if self.file_key in data:
            lesion = int((data[self.mask_key] > 0.5).sum()) >= self.least
            result[self.label_key] = _with_lesion(data[self.label_key]) if lesion else _NORMAL
        return result


def check_patch_labels(entries: Sequence[dict], num_classes: int, required: bool) -> None:
    """Refuse labels that do not fit the network, as :func:`check_labels`, where patches are labelled by lesion masks.

    A volume with a mask needs no label, and its patches can have two.

    Args:
        entries: entries of a data list.
        num_classes: classes of the network.
        required: whether each entry must have a label or a mask, and at least two classes must occur.

    Raises:
        InputError: as :func:`check_labels`.
    """
    check_labels(entries, num_classes, required=False)
    masked = [entry for entry in entries if "mask" in entry]
    known = [{**entry, "label": _with_lesion(entry["label"])} for entry in masked]
    rest = [entry for entry in entries if "mask" not in entry]
    check_labels([*rest, *known, *({**entry, "label": _NORMAL} for entry in masked)], num_classes, required)
