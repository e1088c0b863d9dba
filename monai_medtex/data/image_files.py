# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""Which files of a folder are images to be classified."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from .dicom_reader import DICOM_SUFFIXES

__all__ = ["images_in", "is_beside", "masks_beside", "names_no_image", "owner_of"]

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".nii", ".nii.gz", *DICOM_SUFFIXES)

_BESIDE = re.compile(r"(?<![a-z])(mask|illustration|annotation|groundtruth|segmentation)s?(?![a-z])")


def images_in(folder: Path, pattern: str = "*") -> list[Path]:
    """Images in a folder, or below it with the pattern ``**/*``, sorted; what is hidden is passed over."""
    files = (path for path in folder.glob(pattern) if path.name.lower().endswith(IMAGE_SUFFIXES) and path.is_file())
    return sorted(path for path in files if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def names_no_image(name: str) -> bool:
    """Whether a folder or file is called one of masks, annotations or illustrations."""
    return owner_of(name) is not None


def owner_of(name: str) -> str | None:
    """The image that a file would be a mask or illustration of by its name: ``b0`` of ``b0_mask``, else None."""
    found = _BESIDE.search(name.lower())
    return name[: found.start()].rstrip(" _-.") if found else None


def masks_beside(images: Iterable[Path]) -> dict[Path, str]:
    """Which images are called masks or illustrations of one in the same folder, and of which: ``b0_mask`` of ``b0``."""
    names = {path: path.name.lower().removesuffix(".gz").rsplit(".", 1)[0] for path in images}
    taken = {(path.parent, name) for path, name in names.items()}
    owners = {path: owner_of(name) for path, name in names.items()}
    return {path: path.name[: len(own)] for path, own in owners.items() if own and (path.parent, own) in taken}


def is_beside(path: Path, root: Path) -> bool:
    """Whether a file lies in a folder of masks or illustrations below the root, and so is no image to be classified."""
    return names_no_image(path.relative_to(root).parent.as_posix())
