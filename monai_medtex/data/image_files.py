# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""Which files of a folder are images to be classified."""

from __future__ import annotations

import re
from pathlib import Path

from .dicom_reader import DICOM_SUFFIXES

__all__ = ["images_in", "is_beside"]

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".nii", ".nii.gz", *DICOM_SUFFIXES)

_BESIDE = re.compile(r"(?<![a-z])(mask|illustration|annotation|groundtruth)s?(?![a-z])")


def images_in(folder: Path, pattern: str = "*") -> list[Path]:
    """Images in a folder, or below it with the pattern ``**/*``, sorted; what is hidden is passed over."""
    files = (path for path in folder.glob(pattern) if path.name.lower().endswith(IMAGE_SUFFIXES) and path.is_file())
    return sorted(path for path in files if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def is_beside(path: Path, root: Path) -> bool:
    """Whether a file lies in a folder of masks or illustrations below the root, and so is no image to be classified."""
    return _BESIDE.search(path.relative_to(root).parent.as_posix().lower()) is not None
