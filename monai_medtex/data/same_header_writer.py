# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from monai.data import NibabelWriter

from monai_medtex.utils import atomic_write

__all__ = ["SameHeaderWriter"]


_OF_THE_SOURCE = {
    *("data_type", "db_name", "aux_file", "intent_name"),
    *("intent_code", "intent_p1", "intent_p2", "intent_p3"),
}


class SameHeaderWriter(NibabelWriter):
    """Write NIfTI of scores in [0, 1] that lie on the grid of a NIfTI file, with that file's header.

    Affine, qform and sform with their codes, voxel size and units are the source's, bit by bit; MONAI's own writer
    keeps the affine alone, and resamples. The data are float32 and shown from 0 to 1. Left out are header extensions
    and texts, which may hold what was known of the patient, and what the source's values meant. The file appears whole,
    under its final name at once.
    """

    def set_metadata(self, meta_dict: Mapping | None, **options: Any) -> None:  # type: ignore[override]  # noqa: ANN401, ARG002
        """Note the source.

        Args:
            meta_dict: metadata of a ``MetaTensor`` that MONAI's reader loaded from the source.
            options: unused, nothing is resampled.
        """
        self.source = str((meta_dict or {})["filename_or_obj"])

    def write(self, filename: str | Path, verbose: bool = False, **options: Any) -> None:  # type: ignore[override]  # noqa: ANN401, ARG002
        """Write the file.

        Args:
            filename: ends with ``.nii`` or ``.nii.gz``.
            verbose: unused.
            options: unused.
        """
        source: Any = nibabel.load(self.source)
        header = source.header.copy()
        header.extensions.clear()
        header.set_data_dtype(np.float32)
        header["cal_min"], header["cal_max"] = 0, 1
        header["descrip"] = b"theta (MED-TEX)"
        for field in _OF_THE_SOURCE & set(header.keys()):
            header[field] = np.zeros_like(header[field])
        image = type(source)(np.asarray(self.data_obj, dtype=np.float32), source.affine, header)
        content = image.to_bytes()
        with atomic_write(filename) as temporary:
            packed = Path(filename).suffix == ".gz"
            temporary.write_bytes(gzip.compress(content, mtime=0) if packed else content)
