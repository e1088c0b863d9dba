# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

os.environ["OMP_NUM_THREADS"] = "1"  # of torch, which is imported later, here and in the processes that tests start

SHARED = Path(os.environ.get("MEDTEX_SHARED", Path(__file__).resolve().parents[2] / "shared"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real images that are no part of the project."""
    data = SHARED / "data"
    if not data.is_dir():
        pytest.skip("no real images at ../shared/data")
    return data


@pytest.fixture(scope="session")
def processes() -> multiprocessing.context.ForkServerContext:
    """Starts processes that need no second to load MONAI, and can be killed."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["monai.bundle", "monai_medtex.handlers", "torch._dynamo"])
    return context


@pytest.fixture(scope="session")
def write_dicom() -> Callable[..., Path]:
    """Write a DICOM file of one's own: ``write(path, pixels, Keyword=value, ...)``."""
    pydicom = pytest.importorskip("pydicom", reason="the extra dicom is missing")
    same = {name: pydicom.uid.generate_uid() for name in ("StudyInstanceUID", "SeriesInstanceUID")}
    plain = {
        "PatientName": "Doe^Jane",
        "PatientID": "0815",
        "PatientBirthDate": "",
        "PatientSex": "O",
        "StudyDate": "20260102",
        "StudyTime": "101112",
        "StudyID": "1",
        "AccessionNumber": "",
        "ReferringPhysicianName": "",
        "Modality": "OP",
        "Manufacturer": "nobody",
        "SeriesNumber": 4,
        "InstanceNumber": 1,
        "SOPClassUID": pydicom.uid.OphthalmicPhotography8BitImageStorage,
        "Laterality": "L",
    }

    def write(path: Path, pixels: np.ndarray, **attributes: object) -> Path:
        dataset = pydicom.Dataset()
        dataset.file_meta = pydicom.dataset.FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        colour = pixels.ndim > 2 and pixels.shape[-1] == 3
        shape = pixels.shape[:-1] if colour else pixels.shape
        bits = pixels.dtype.itemsize * 8
        layout = {
            "Rows": shape[-2],
            "Columns": shape[-1],
            "SamplesPerPixel": 3 if colour else 1,
            "PhotometricInterpretation": "RGB" if colour else "MONOCHROME2",
            "BitsAllocated": bits,
            "BitsStored": bits,
            "HighBit": bits - 1,
            "PixelRepresentation": int(pixels.dtype.kind == "i"),
            **({"PlanarConfiguration": 0} if colour else {}),
            **({"NumberOfFrames": shape[0]} if len(shape) == 3 else {}),
        }
        for keyword, value in {**same, **plain, **layout, **attributes}.items():
            setattr(dataset, keyword, value)
        dataset.SOPInstanceUID = pydicom.uid.generate_uid()
        dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.PixelData = pixels.tobytes() + b"\0" * (pixels.nbytes % 2)
        dataset["PixelData"].VR = "OW" if bits == 16 else "OB"
        dataset.save_as(path, enforce_file_format=True)
        return path

    return write
