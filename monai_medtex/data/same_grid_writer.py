# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monai.data import NibabelWriter

from monai_medtex.utils import atomic_write

__all__ = ["SameGridWriter"]


class SameGridWriter(NibabelWriter):
    """Write NIfTI of values that lie on the grid of the image that they were computed from, with its affine.

    MONAI's own writer resamples, if only from a grid to itself. It cannot do so for a 2-D image that lies across its
    first two axes in space, such as a sagittal slice. The file appears whole, under its final name at once.
    """

    def set_metadata(self, meta_dict: Mapping | None, resample: bool = True, **options: Any) -> None:  # noqa: ANN401, ARG002
        """Keep the affine of the image as it was read.

        Args:
            meta_dict: metadata of a ``MetaTensor``.
            resample: unused, nothing is resampled.
            options: unused.
        """
        original, current, _ = self.get_meta_info(meta_dict)
        self.affine = current if original is None else original

    def write(self, filename: str | Path, verbose: bool = False, **options: Any) -> None:  # type: ignore[override]  # noqa: ANN401
        """Write the file.

        Args:
            filename: ends with ``.nii`` or ``.nii.gz``.
            verbose: whether to log the name.
            options: of ``nibabel.save``.
        """
        suffix = ".nii.gz" if str(filename).endswith(".gz") else ".nii"
        with atomic_write(filename) as temporary:
            named = temporary.with_name(f"{temporary.name}{suffix}")  # nibabel goes by the suffix
            try:
                super().write(named, verbose=verbose, **options)
                named.replace(temporary)
            finally:
                named.unlink(missing_ok=True)
