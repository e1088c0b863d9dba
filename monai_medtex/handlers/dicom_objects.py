# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""Theta as DICOM objects that refer to the image they explain."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from monai.utils import optional_import

import monai_medtex
from monai_medtex.utils import InputError

__all__ = ["DicomSeries", "check_highdicom", "derivable", "parametric_map", "segmentation"]

highdicom, _has_highdicom = optional_import("highdicom")
pydicom, _ = optional_import("pydicom")
codes, _ = optional_import("pydicom.sr.codedict", name="codes")

_NAME = "MED-TEX"
_MAY_BE_EMPTY = (
    *("AccessionNumber", "PatientBirthDate", "PatientID", "PatientName", "PatientSex"),
    *("ReferringPhysicianName", "StudyDate", "StudyID", "StudyTime"),
)
_PLACED = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing")
_SCHEME = "99MEDTEX"
_EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"


class DicomSeries(NamedTuple):
    """A series that an object belongs to."""

    uid: str
    number: int
    instance: int


def check_highdicom() -> None:
    """Raise one line where highdicom is missing.

    Raises:
        InputError: then.
    """
    if not _has_highdicom:
        raise InputError("dicom: writing DICOM needs highdicom: pip install 'monai_medtex[dicom]'")


def derivable(source: Any) -> Any:  # noqa: ANN401
    """Prepare a header for highdicom, which takes no code extensions and copies what may be empty but must be there.

    Args:
        source: header as pydicom reads it; it is changed in memory: texts become UTF-8, and attributes of patient and
            study that are absent become empty.
    """
    source.decode()
    source.SpecificCharacterSet = "ISO_IR 192"
    for keyword in _MAY_BE_EMPTY:
        if keyword not in source:
            setattr(source, keyword, "")
    return source


def _is_placed(source: Any) -> bool:  # noqa: ANN401
    """Whether an image says where it lies."""
    placed = all(source.get(keyword) for keyword in ("FrameOfReferenceUID", *_PLACED))
    return placed or "SharedFunctionalGroupsSequence" in source


def _set_functional_groups(source: Any, shared: dict[str, Any], own: dict[str, Any]) -> None:  # noqa: ANN401
    """Give an image in memory the functional groups that highdicom asks of every kind that may have several frames."""
    for keyword, content in (("Shared", shared), ("PerFrame", own)):
        groups = pydicom.Dataset()
        for name, items in content.items():
            setattr(groups, name, items)
        setattr(source, f"{keyword}FunctionalGroupsSequence", [groups])
    source.NumberOfFrames = 1


def _as_placed(source: Any) -> Any:  # noqa: ANN401
    """Place an image that lies nowhere in a frame of reference of its own, which says nothing of any other image.

    A Parametric Map must have one. Photographs and radiographs have none, and often no size of a pixel.
    """
    source.SliceThickness = source.get("SliceThickness")
    if _is_placed(source):
        return source
    spacing = source.get("PixelSpacing") or [1, 1]
    source.FrameOfReferenceUID, source.PositionReferenceIndicator = highdicom.UID(), ""
    source.ImageOrientationPatient, source.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [0, 0, 0]
    source.PixelSpacing = spacing
    _set_functional_groups(
        source,
        {
            "PixelMeasuresSequence": highdicom.PixelMeasuresSequence(spacing, source.SliceThickness),
            "PlaneOrientationSequence": highdicom.PlaneOrientationSequence("PATIENT", [1, 0, 0, 0, 1, 0]),
        },
        {"PlanePositionSequence": highdicom.PlanePositionSequence("PATIENT", [0, 0, 0])},
    )
    return source


def _as_unplaced(source: Any) -> Any:  # noqa: ANN401
    """Take from an image that lies nowhere what makes highdicom look for its place: the grid of the image is enough."""
    source.SliceThickness = source.get("SliceThickness")
    if not _is_placed(source):
        _set_functional_groups(source, {"PixelMeasuresSequence": [pydicom.Dataset()]}, {})
        for keyword in ("FrameOfReferenceUID", "PixelSpacing"):
            if keyword in source:
                del source[keyword]
    return source


def _completed(made: Any, source: Any, keyword: str) -> Any:  # noqa: ANN401
    """Add what the standard asks for and highdicom leaves out, and take out what has no content."""
    if keyword not in made:
        setattr(made, keyword, source.get(keyword) or "")
    for groups in made.SharedFunctionalGroupsSequence:
        if "PixelMeasuresSequence" in groups and not len(groups.PixelMeasuresSequence[0]):
            del groups.PixelMeasuresSequence
    return made


def _made_by(series: DicomSeries) -> dict[str, Any]:
    return {
        "series_instance_uid": series.uid,
        "series_number": series.number,
        "sop_instance_uid": highdicom.UID(),
        "instance_number": series.instance,
        "manufacturer": "monai_medtex contributors",
        "manufacturer_model_name": "monai_medtex",
        "software_versions": monai_medtex.__version__,
        "device_serial_number": monai_medtex.__version__,
        "transfer_syntax_uid": _EXPLICIT_VR_LITTLE_ENDIAN,
    }


def parametric_map(source: Any, theta: torch.Tensor, series: DicomSeries) -> Any:  # noqa: ANN401
    """Make a Parametric Map of theta (PS3.3 A.75), with values from 0 to 1 in single precision.

    Args:
        source: header, as pydicom reads it, of the image of one frame that theta explains; it is changed in memory.
        theta: shape (rows, columns), in [0, 1].
        series: which the object belongs to.

    Returns:
        a data set, to be written by its ``save_as``.
    """
    mapping = highdicom.pm.RealWorldValueMapping(
        lut_label="THETA",
        lut_explanation="Score of each pixel by the explainer, from 0 to 1",
        unit=codes.UCUM.NoUnits,
        value_range=(0.0, 1.0),
        slope=1.0,
        intercept=0.0,
        quantity_definition=highdicom.sr.CodedConcept("theta", _SCHEME, "Score of the explainer"),
    )
    measured = source.get("PixelSpacing") is not None or _is_placed(source)
    made = highdicom.pm.ParametricMap(
        source_images=[_as_placed(source)],
        pixel_array=theta.cpu().numpy().astype(np.float32),
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[mapping],
        voi_lut_transformations=[highdicom.VOILUTTransformation(window_center=0.5, window_width=1.0)],
        content_label="THETA",
        content_description="What a classifier's answer rests on (MED-TEX)",
        **_made_by(series),
    )
    if not measured:
        made.ImageComments = "The size of a pixel is not known; one pixel counts as 1 mm"
    return _completed(made, source, "Laterality")


def segmentation(source: Any, selected: torch.Tensor, series: DicomSeries) -> Any:  # noqa: ANN401
    """Make a Segmentation (PS3.3 A.51) of the highest-scoring pixels.

    Args:
        source: header, as pydicom reads it, of the image of one frame that theta explains; it is changed in memory.
        selected: Boolean, shape (rows, columns).
        series: which the object belongs to.

    Returns:
        a data set, to be written by its ``save_as``.
    """
    description = highdicom.seg.SegmentDescription(
        segment_number=1,
        segment_label="theta, top K",
        segmented_property_category=codes.SCT.SpatialAndRelationalConcept,
        segmented_property_type=highdicom.sr.CodedConcept("topk", _SCHEME, "Highest-scoring pixels of the explainer"),
        algorithm_type=highdicom.seg.SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=highdicom.AlgorithmIdentificationSequence(
            name=_NAME, family=codes.DCM.ArtificialIntelligence, version=monai_medtex.__version__
        ),
    )
    made = highdicom.seg.Segmentation(
        source_images=[_as_unplaced(source)],
        pixel_array=selected.cpu().numpy().astype(np.uint8),
        segmentation_type=highdicom.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[description],
        content_label="THETA_TOP_K",
        content_description=f"The {int(selected.sum())} highest-scoring pixels (MED-TEX)",
        **_made_by(series),
    )
    return _completed(made, source, "PatientOrientation")
