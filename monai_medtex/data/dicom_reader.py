# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from monai.data import ImageReader
from monai.utils import ensure_tuple, optional_import
from monai.utils.enums import MetaKeys, SpaceKeys

from monai_medtex.utils import InputError

from .dicom_pixels import displayed_frame, frame_attributes, frame_count

__all__ = ["DICOM_SUFFIXES", "DicomFrame", "DicomReader", "frame_names", "frame_of", "is_dicom", "read_dicom"]

pydicom, _has_pydicom = optional_import("pydicom")

DICOM_SUFFIXES = (".dcm", ".dicom")
_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def is_dicom(name: str | os.PathLike) -> bool:
    """Whether a name ends as that of a DICOM file."""
    return os.fspath(name).lower().endswith(DICOM_SUFFIXES)


def frame_of(name: str | os.PathLike) -> tuple[Path, int | None]:
    """Take a frame's name apart.

    Args:
        name: of a file, or ``scan#3.dcm`` for the third frame of ``scan.dcm``.

    Returns:
        the file, and the frame's index from 0; None for the whole file.
    """
    path = Path(name)
    found = re.fullmatch(r"(.+)#([1-9]\d*)", path.stem)
    if not found or path.exists():
        return path, None
    return path.with_name(found[1] + path.suffix), int(found[2]) - 1


def read_dicom(name: str | os.PathLike, **options: Any) -> Any:  # noqa: ANN401
    """Read the data set that a name belongs to.

    Args:
        name: as for :func:`frame_of`.
        options: of ``pydicom.dcmread``.

    Raises:
        InputError: When pydicom is not installed.
    """
    if not _has_pydicom:
        raise InputError("DICOM needs pydicom: pip install 'monai_medtex[dicom]'")
    return pydicom.dcmread(frame_of(name)[0], **options)


def frame_names(name: str) -> list[str]:
    """Name the frames of a file, ``scan#1.dcm``, ``scan#2.dcm``, ...; a file of one frame is named itself.

    Args:
        name: of any image; one that is no readable DICOM file is returned as it is.

    Raises:
        InputError: When it is a DICOM file and pydicom is not installed.
    """
    if not is_dicom(name):
        return [name]
    try:
        count = frame_count(read_dicom(name, stop_before_pixels=True, specific_tags=["NumberOfFrames"]))
    except InputError as error:
        raise InputError(f"{name}: {error}") from error
    except Exception:
        return [name]
    if count == 1:
        return [name]
    path = Path(name)
    return [str(path.with_name(f"{path.stem}#{frame}{path.suffix}")) for frame in range(1, count + 1)]


class DicomFrame(NamedTuple):
    """A data set of pydicom, and the index of one of its frames; None for all."""

    dataset: Any
    frame: int | None


class DicomReader(ImageReader):
    """Read DICOM as it is shown on a screen, from 0 to 255; see :func:`~.dicom_pixels.displayed_frame`.

    The array has the axes (x, y), and (x, y, 3) for colour. A file of several frames gives (x, y, frame), one frame of
    it, ``scan#3.dcm``, is an image like any other. The affine, where the file has one, is in RAS and millimetres.
    """

    def verify_suffix(self, filename: Sequence[str | os.PathLike] | str | os.PathLike) -> bool:
        """Whether all names are those of DICOM files."""
        return all(map(is_dicom, ensure_tuple(filename)))

    def read(
        self,
        data: Sequence[str | os.PathLike] | str | os.PathLike,
        **kwargs: Any,  # noqa: ANN401, ARG002
    ) -> list[DicomFrame]:
        """Read files.

        Args:
            data: one name or several, as for :func:`frame_of`.
            kwargs: unused.

        Returns:
            data set and frame of each.
        """
        return [DicomFrame(read_dicom(name), frame_of(name)[1]) for name in ensure_tuple(data)]

    def get_data(self, img: list[DicomFrame]) -> tuple[np.ndarray, dict]:
        """Give pixels and metadata of one image; the channels of several are stacked.

        Args:
            img: what :meth:`read` gave.
        """
        arrays = [_oriented(dataset, frame) for dataset, frame in img]
        dataset, frame = img[0]
        colour = arrays[0].ndim == 3 and (frame is not None or frame_count(dataset) == 1)
        meta: dict = {
            MetaKeys.SPATIAL_SHAPE: np.asarray(arrays[0].shape[:2] if colour else arrays[0].shape),
            MetaKeys.ORIGINAL_CHANNEL_DIM: -1 if colour or len(arrays) > 1 else float("nan"),
        }
        affine = _affine(frame_attributes(dataset, frame or 0))
        if affine is not None:
            meta |= {MetaKeys.AFFINE: affine, MetaKeys.ORIGINAL_AFFINE: affine.copy(), MetaKeys.SPACE: SpaceKeys.RAS}
        if len(arrays) == 1:
            return arrays[0], meta
        return (np.concatenate if colour else np.stack)(arrays, axis=-1), meta


def _oriented(dataset: Any, frame: int | None) -> np.ndarray:  # noqa: ANN401
    if frame is not None or frame_count(dataset) == 1:
        return displayed_frame(dataset, frame or 0).swapaxes(0, 1)
    frames: Iterator[np.ndarray] = (displayed_frame(dataset, index) for index in range(frame_count(dataset)))
    shown = np.stack([each.swapaxes(0, 1) for each in frames], axis=2)
    if shown.ndim > 3:
        raise InputError(f"{shown.shape[2]} frames in colour; give a frame of it, or its frames as files of their own")
    return shown


def _affine(attributes: Any) -> np.ndarray | None:  # noqa: ANN401
    """Where pixel (x, y) lies, PS3.3 C.7.6.2.1.1, in RAS; None where the file does not say."""
    keywords = ("ImageOrientationPatient", "ImagePositionPatient", "PixelSpacing")
    if any(attributes.get(keyword) is None for keyword in keywords):
        return None
    orientation, position, spacing = (np.asarray(attributes.get(keyword), dtype=float) for keyword in keywords)
    along_x, along_y = orientation[:3], orientation[3:]
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1] = along_x * spacing[1], along_y * spacing[0]
    affine[:3, 2] = np.cross(along_x, along_y) * float(attributes.get("SliceThickness") or 1)
    affine[:3, 3] = position
    return _LPS_TO_RAS @ affine
