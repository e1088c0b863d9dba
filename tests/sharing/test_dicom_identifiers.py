# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""Identifiers in the headers of a run's DICOM images stay in the house; all but one test need pydicom."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from monai_medtex.data import dicom_reader, fingerprint, open_dataset
from monai_medtex.sharing import pack
from monai_medtex.sharing.dicom_identifiers import dicom_identifiers
from monai_medtex.utils import InputError

BUNDLE = Path(__file__).resolve().parents[2] / "bundles" / "medtex_fundus"
PIXELS = np.zeros((20, 20), dtype=np.uint8)
HEADER = {
    "PatientName": "Doe^Jane^Mary",
    "PatientID": "MRN-77",
    "AccessionNumber": "A20260031",
    "StudyID": "1",
    "StudyInstanceUID": "1.2.3.4",
    "SeriesInstanceUID": "1.2.3.4.5",
}


@pytest.fixture
def header(write_dicom, tmp_path) -> Callable[..., set[str]]:
    """Write an image and list the identifiers in its header, without its own UID."""

    def of(**attributes: object) -> set[str]:
        import pydicom

        file = write_dicom(tmp_path / "a.dcm", PIXELS, **{**HEADER, **attributes})
        found = dicom_identifiers([{"image": str(file)}])
        own = str(pydicom.dcmread(file).SOPInstanceUID)
        assert own in found
        return found - {own}

    return of


def test_names_numbers_and_uids_are_listed_in_all_usual_forms(header):
    names = {"doe^jane^mary", "doe jane", "doe, jane", "jane doe", "doe_jane"}
    assert header() == {*names, "mrn-77", "a20260031", "1.2.3.4", "1.2.3.4.5"}


def test_several_values_and_alphabets_and_sequences_are_looked_through(header):
    import pydicom

    item = pydicom.Dataset()
    item.PatientID, item.ReferencedSOPInstanceUID = "OLD-0042", "1.2.9.9"
    item.ReferencedSOPClassUID = pydicom.uid.OphthalmicPhotography8BitImageStorage
    more = {"SpecificCharacterSet": "ISO_IR 192", "SourceImageSequence": [item]}
    extra = header(PatientName="Roe^Ann=Ро^Анна", OtherPatientIDs=["B-1000", "B-2000"], **more)
    assert {"old-0042", "1.2.9.9", "b-1000", "b-2000", "ann roe", "анна ро"} <= extra
    assert not [name for name in extra if name.startswith("1.2.840.10008")]


def test_placeholders_and_short_numbers_tell_nothing(header):
    found = header(PatientName="Anonymous", PatientID="0815", AccessionNumber="", StudyID="12")
    assert found == {"1.2.3.4", "1.2.3.4.5"}


def test_a_frame_is_its_files(write_dicom, tmp_path):
    write_dicom(tmp_path / "scan.dcm", np.zeros((2, 20, 20), dtype=np.uint8), **HEADER)
    assert "mrn-77" in dicom_identifiers([{"image": str(tmp_path / "scan#2.dcm")}])


def test_other_formats_are_passed_over(tmp_path):
    assert dicom_identifiers([{"image": str(tmp_path / "a.png")}], ["b.nii.gz"]) == set()


def test_a_header_that_cannot_be_read_is_no_header_without_identifiers(write_dicom, tmp_path):
    file = write_dicom(tmp_path / "a.dcm", PIXELS, **HEADER)
    with pytest.raises(InputError, match="gone.dcm is needed"):
        dicom_identifiers([{"image": str(file)}], ["/elsewhere/gone.dcm"])
    assert dicom_identifiers([{"image": str(file)}], ["/before/it/moved/a.dcm"])
    file.write_bytes(b"no DICOM")
    with pytest.raises(InputError, match="a.dcm is needed"):
        dicom_identifiers([{"image": str(file)}])


def test_without_pydicom_nothing_is_packed(tmp_path, monkeypatch):
    monkeypatch.setattr(dicom_reader, "_has_pydicom", False)
    (tmp_path / "a.dcm").touch()
    with pytest.raises(InputError, match="pip install 'monai_medtex\\[dicom\\]'"):
        dicom_identifiers([{"image": str(tmp_path / "a.dcm")}])


@pytest.fixture
def packed(run, images, change_settings, write_dicom, monkeypatch) -> Callable[..., Path]:
    """The run made over into one of DICOM images, and packed."""
    listed = json.loads((images / "datalist.json").read_text())
    for number, entry in enumerate([*listed["training"], *listed["test"]]):
        entry["image"] = f"images/{number}.dcm"
        write_dicom(images / "images" / f"{number}.dcm", PIXELS, **HEADER)
    (images / "datalist.json").write_text(json.dumps(listed))
    change_settings({"data": fingerprint(open_dataset(images, val_fraction=0))})
    monkeypatch.setattr(sys, "path", [*sys.path])
    return lambda **options: pack(run, "ward", "1.0.0", **{"card": {}, "bundle_root": BUNDLE, **options})


@pytest.mark.parametrize("text", ["of Jane Doe", "of DOE^JANE^MARY", "case MRN-77", "order A20260031", "study 1.2.3.4"])
def test_what_a_header_says_of_a_patient_is_not_packed(packed, run, text):
    with pytest.raises(InputError, match="names an image or a patient"):
        packed(card={"description": text})
    assert not list(run.glob("*.zip"))


def test_nor_inside_an_export(packed, run, network):
    import torch

    torch.jit.save(torch.jit.script(network.eval()), run / "model.ts", _extra_files={"about": "study 1.2.3.4"})
    with pytest.raises(InputError, match="model.ts: model/extra/about names an image or a patient, 1.2.3.4"):
        packed()


def test_a_run_of_dicom_images_is_packed_where_they_are_now(packed, images, tmp_path):
    moved = shutil.move(images, tmp_path / "moved")
    assert packed(dataset_dir=moved, card={"authors": "Dr. Doe"}).is_file()
