# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from .checks import check_images, check_labels, check_names
from .class_folders import read_class_folders
from .datalist import (
    chosen_section,
    describe,
    division_of,
    fingerprint,
    is_data_of,
    open_dataset,
    unlabelled_images,
)
from .dicom_reader import DicomReader
from .listed_images import read_csv, read_datalist
from .mask import LoadLesionMaskd, PlainPILReader
from .patch_labels import LabelByLesiond, check_patch_labels
from .readers import every_image, read_dataset
from .released_sets import read_idrid, read_palm
from .same_grid_writer import SameGridWriter
from .same_header_writer import SameHeaderWriter
from .scale_volume import ScaleVolumed
from .split import split, take_fraction
from .synthetic import write_synthetic_fundus, write_synthetic_volumes

__all__ = [
    "DicomReader",
    "LabelByLesiond",
    "LoadLesionMaskd",
    "PlainPILReader",
    "SameGridWriter",
    "SameHeaderWriter",
    "ScaleVolumed",
    "check_images",
    "check_labels",
    "check_names",
    "check_patch_labels",
    "chosen_section",
    "describe",
    "division_of",
    "every_image",
    "fingerprint",
    "is_data_of",
    "open_dataset",
    "read_class_folders",
    "read_csv",
    "read_datalist",
    "read_dataset",
    "read_idrid",
    "read_palm",
    "split",
    "take_fraction",
    "unlabelled_images",
    "write_synthetic_fundus",
    "write_synthetic_volumes",
]
