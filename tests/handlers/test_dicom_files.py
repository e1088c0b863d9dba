# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from monai_medtex.handlers import DicomFiles
from monai_medtex.utils import InputError

pydicom = pytest.importorskip("pydicom", reason="the extra dicom is missing")
highdicom = pytest.importorskip("highdicom", reason="the extra dicom is missing")

ROWS, COLUMNS = 6, 9
PLAIN = {}
IN_SPACE = {
    "SOPClassUID": "1.2.840.10008.5.1.4.1.1.2",
    "Modality": "CT",
    "FrameOfReferenceUID": "1.2.826.0.1.3680043.8.498.1",
    "PositionReferenceIndicator": "",
    "ImageOrientationPatient": [0.6, 0.8, 0, 0, 0, -1],
    "ImagePositionPatient": [10, 20, 30],
    "PixelSpacing": [2, 0.5],
    "SliceThickness": 3,
}


NO_PLACE = {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.1", "Modality": "DX", "FrameOfReferenceUID": "1.2.3"}


@pytest.fixture(
    params=[PLAIN, {"PixelSpacing": [0.1, 0.2]}, IN_SPACE, NO_PLACE], ids=["photograph", "measured", "slice", "X-ray"]
)
def source(request, write_dicom, tmp_path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 256, (ROWS, COLUMNS), dtype=np.uint8)
    (tmp_path / "images").mkdir()
    return write_dicom(tmp_path / "images" / "eye.dcm", pixels, **request.param)


@pytest.fixture
def explain(tmp_path) -> Callable[..., Path]:
    """Run the handler on files, and give its folder."""

    def write(*files: Path, theta: torch.Tensor, k: int = 3) -> Path:
        handler = DicomFiles(tmp_path / "dicom", tmp_path / "images", k)
        batch = [{"path": str(file)} for file in files]
        engine = SimpleNamespace(state=SimpleNamespace(batch=batch, output=[{"theta": theta}] * len(files)))
        handler(engine)
        handler.report(engine)
        return tmp_path / "dicom"

    return write


@pytest.fixture
def theta() -> torch.Tensor:
    """Scores of shape (1, x, y), as they are in memory: a few high ones among many near 0."""
    return torch.rand(1, COLUMNS, ROWS, generator=torch.Generator().manual_seed(0)) ** 12


def check_reference(made: pydicom.Dataset, source: pydicom.Dataset) -> None:
    """The object belongs to the source's patient and study, and names the source as what it was derived from."""
    for keyword in ("PatientID", "PatientName", "StudyInstanceUID", "StudyDate"):
        assert made.get(keyword) == source.get(keyword)
    assert made.SeriesInstanceUID != source.SeriesInstanceUID
    groups = made.get("SharedFunctionalGroupsSequence"), made.PerFrameFunctionalGroupsSequence
    (derived,) = [
        group.DerivationImageSequence for part in groups for group in part if "DerivationImageSequence" in group
    ]
    (image,) = derived[0].SourceImageSequence
    assert image.ReferencedSOPInstanceUID == source.SOPInstanceUID
    assert image.ReferencedSOPClassUID == source.SOPClassUID
    (series,) = made.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == source.SeriesInstanceUID


def test_parametric_map_holds_theta_row_by_row_and_names_its_source(explain, source, theta):
    file = explain(source, theta=theta) / "eye_theta.dcm"
    dataset, image = pydicom.dcmread(file), pydicom.dcmread(source)
    assert dataset.SOPClassUID == pydicom.uid.ParametricMapStorage
    assert np.array_equal(dataset.pixel_array.reshape(ROWS, COLUMNS), theta[0].T.numpy())
    check_reference(dataset, image)
    assert highdicom.imread(file).number_of_frames == 1
    (mapping,) = (
        dataset.SharedFunctionalGroupsSequence[0].get("RealWorldValueMappingSequence")
        or dataset.PerFrameFunctionalGroupsSequence[0].RealWorldValueMappingSequence
    )
    assert (mapping.RealWorldValueSlope, mapping.RealWorldValueIntercept) == (1, 0)


@pytest.mark.parametrize("k", [1, 6])
def test_segmentation_marks_the_top_k_and_names_its_source(explain, source, theta, k):
    file = explain(source, theta=theta, k=k) / "eye_topk.dcm"
    dataset = pydicom.dcmread(file)
    assert dataset.SOPClassUID == pydicom.uid.SegmentationStorage
    check_reference(dataset, pydicom.dcmread(source))
    marked = highdicom.seg.segread(file).pixel_array.reshape(ROWS, COLUMNS).astype(bool)
    scores = theta[0].T.numpy()
    count = round(ROWS * COLUMNS * k / 64)
    assert marked.sum() == count
    assert set(scores[marked]) == set(np.sort(scores, axis=None)[-count:])
    (segment,) = dataset.SegmentSequence
    assert segment.SegmentAlgorithmType == "AUTOMATIC"


def test_objects_lie_where_their_source_lies(explain, write_dicom, tmp_path, theta):
    (tmp_path / "images").mkdir()
    pixels = np.zeros((ROWS, COLUMNS), np.uint8)
    source = pydicom.dcmread(write_dicom(tmp_path / "images" / "slice.dcm", pixels, **IN_SPACE))
    folder = explain(Path(source.filename), theta=theta)
    for name in ("theta", "topk"):
        made = pydicom.dcmread(folder / f"slice_{name}.dcm")
        assert made.FrameOfReferenceUID == source.FrameOfReferenceUID
        shared, own = made.SharedFunctionalGroupsSequence[0], made.PerFrameFunctionalGroupsSequence[0]
        assert shared.PlaneOrientationSequence[0].ImageOrientationPatient == source.ImageOrientationPatient
        assert shared.PixelMeasuresSequence[0].PixelSpacing == source.PixelSpacing
        position = own.get("PlanePositionSequence") or shared.PlanePositionSequence
        assert position[0].ImagePositionPatient == source.ImagePositionPatient


@pytest.mark.parametrize("spacing", [None, [0.1, 0.2]])
def test_a_map_of_an_image_that_lies_nowhere_has_a_frame_of_reference_of_its_own(
    explain, write_dicom, tmp_path, theta, spacing
):
    (tmp_path / "images").mkdir()
    pixels = np.zeros((ROWS, COLUMNS), np.uint8)
    known = {"PixelSpacing": spacing} if spacing else {}
    files = [write_dicom(tmp_path / "images" / f"{name}.dcm", pixels, **known) for name in "ab"]
    folder = explain(*files, theta=theta)
    first, second = (pydicom.dcmread(folder / f"{name}_theta.dcm") for name in "ab")
    assert first.FrameOfReferenceUID != second.FrameOfReferenceUID
    measures = first.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    assert measures.PixelSpacing == (spacing or [1, 1])
    assert ("ImageComments" in first) == (spacing is None)
    assert "FrameOfReferenceUID" not in pydicom.dcmread(folder / "a_topk.dcm")


def test_images_of_a_series_give_one_series_of_each_kind(explain, write_dicom, tmp_path, theta):
    (tmp_path / "images").mkdir()
    pixels = np.zeros((ROWS, COLUMNS), np.uint8)
    files = [write_dicom(tmp_path / "images" / f"{name}.dcm", pixels) for name in "ab"]
    folder = explain(*files, theta=theta)
    made = {path.stem: pydicom.dcmread(path) for path in folder.iterdir()}
    assert set(made) == {"a_theta", "a_topk", "b_theta", "b_topk"}
    for name in ("theta", "topk"):
        first, second = made[f"a_{name}"], made[f"b_{name}"]
        assert first.SeriesInstanceUID == second.SeriesInstanceUID
        assert (first.InstanceNumber, second.InstanceNumber) == (1, 2)
    assert made["a_theta"].SeriesInstanceUID != made["a_topk"].SeriesInstanceUID
    assert made["a_theta"].SeriesNumber != made["a_topk"].SeriesNumber
    assert len({dataset.SOPInstanceUID for dataset in made.values()}) == 4


def test_a_flat_map_has_no_segmentation_and_one_line_says_so(explain, source, theta, caplog):
    with caplog.at_level("INFO", logger="monai_medtex"):
        folder = explain(source, theta=torch.full_like(theta, 0.4))
    assert [path.name for path in folder.iterdir()] == ["eye_theta.dcm"]
    assert [record.message for record in caplog.records] == [
        "no Segmentation is written for 1 images: no top K stands out from the rest of theta"
    ]


def test_other_images_get_none_and_one_line_says_so(explain, write_dicom, tmp_path, theta, caplog):
    (tmp_path / "images").mkdir()
    write_dicom(tmp_path / "images" / "scan.dcm", np.zeros((2, ROWS, COLUMNS), np.uint8))
    with caplog.at_level("INFO", logger="monai_medtex"):
        folder = explain(tmp_path / "images" / "eye.png", tmp_path / "images" / "scan#2.dcm", theta=theta)
    assert not folder.exists()
    assert [record.message for record in caplog.records] == [
        "no DICOM is written for 2 images: only for DICOM files of one frame"
    ]


def test_an_image_that_nothing_can_be_derived_from_is_named_and_passed_over(
    explain, write_dicom, tmp_path, theta, caplog
):
    (tmp_path / "images").mkdir()
    bad = write_dicom(tmp_path / "images" / "bad.dcm", np.zeros((ROWS + 1, COLUMNS), np.uint8))
    good = write_dicom(tmp_path / "images" / "good.dcm", np.zeros((ROWS, COLUMNS), np.uint8))
    folder = explain(bad, good, theta=theta)
    assert {path.name for path in folder.iterdir()} == {"good_theta.dcm", "good_topk.dcm"}
    (line,) = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert line.startswith(f"{bad}: no DICOM can be derived from it: ")


def test_names_in_other_scripts_and_absent_attributes_of_the_patient_are_no_obstacle(
    explain, write_dicom, tmp_path, theta
):
    (tmp_path / "images").mkdir()
    source = write_dicom(tmp_path / "images" / "eye.dcm", np.zeros((ROWS, COLUMNS), np.uint8))
    header = pydicom.dcmread(source)
    header.SpecificCharacterSet, header.PatientName = ["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎"
    for keyword in ("AccessionNumber", "StudyID", "PatientSex"):
        del header[keyword]
    header.save_as(source)
    folder = explain(source, theta=theta)
    for name in ("theta", "topk"):
        made = pydicom.dcmread(folder / f"eye_{name}.dcm")
        assert made.PatientName.ideographic == "山田^太郎"
        assert made.AccessionNumber == ""


def test_either_both_objects_are_written_or_none(explain, source, theta, tmp_path, monkeypatch):
    def none(*_: object) -> None:
        raise ValueError("for some reason")

    monkeypatch.setattr("monai_medtex.handlers.dicom_files.segmentation", none)
    assert not explain(source, theta=theta).exists()


def test_highdicom_that_is_missing_is_named_in_one_line(monkeypatch, tmp_path):
    monkeypatch.setattr("monai_medtex.handlers.dicom_objects._has_highdicom", False)
    with pytest.raises(InputError) as caught:
        DicomFiles(tmp_path, tmp_path)
    assert str(caught.value) == "dicom: writing DICOM needs highdicom: pip install 'monai_medtex[dicom]'"


@pytest.mark.parametrize("k", [0, 65])
def test_k_out_of_range_is_refused(tmp_path, k):
    with pytest.raises(InputError, match="k must be in"):
        DicomFiles(tmp_path, tmp_path, k)
