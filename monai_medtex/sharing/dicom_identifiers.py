# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""What the headers of DICOM images say of patients, studies and files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import Any

from monai.utils import ensure_tuple

from monai_medtex.data.dicom_reader import frame_of, is_dicom, read_dicom
from monai_medtex.utils import InputError

from .identifiers import tells

__all__ = ["dicom_identifiers"]

NAMES = {"PatientName", "OtherPatientNames", "PatientBirthName", "PatientMotherBirthName"}
NUMBERS = {
    "PatientID",
    "OtherPatientIDs",
    "AccessionNumber",
    "StudyID",
    "AdmissionID",
    "ServiceEpisodeID",
    "RequestedProcedureID",
    "ScheduledProcedureStepID",
    "PerformedProcedureStepID",
    "FillerOrderNumberImagingServiceRequest",
    "PlacerOrderNumberImagingServiceRequest",
}
OF_THE_STANDARD = "1.2.840.10008."  # UIDs of classes and syntaxes
PLACEHOLDERS = {"anon", "anonymous", "anonymised", "anonymized", "name", "none", "patient", "test", "unknown"}


def dicom_identifiers(entries: Iterable[Mapping[str, Any]], files: Iterable[str] = ()) -> set[str]:
    """List the identifiers in the headers of DICOM images, also in their sequences.

    These are the names of patients, whole and in the usual orders; numbers of patients, studies and orders; and all
    UIDs but those of the standard. A family name alone does not count, since it may be an author's; nor does what is
    as short as words and numbers that any text may hold.

    Args:
        entries: of a data list; images of another format are passed over.
        files: further image files. One that is gone is passed over if an entry has the same name.

    Returns:
        the identifiers in lower case.

    Raises:
        InputError: When pydicom is missing, or a header can't be read: what is not known can't be kept back.
    """
    own = {file for entry in entries for file in (entry["image"], *ensure_tuple(entry.get("mask", ())))}
    names = {PurePath(file).name for file in own}
    further = {file for file in files if frame_of(file)[0].exists() or PurePath(file).name not in names}
    found: set[str] = set()
    for file in sorted({frame_of(name)[0] for name in own | further if is_dicom(name)}):
        try:
            found.update(_of_header(read_dicom(file, stop_before_pixels=True)))
        except Exception as error:
            raise InputError(
                f"dataset_dir: the header of {file} is needed to keep its identifiers back, but can't be read: {error}"
            ) from error
    return {name for name in found - PLACEHOLDERS if tells(name)}


def _of_header(dataset: Any) -> Iterator[str]:  # noqa: ANN401
    for element in dataset.iterall():
        if element.VR != "UI" and element.keyword not in NAMES | NUMBERS:
            continue
        values = element.value if element.VM > 1 else [element.value] * element.VM  # a single name is a sequence too
        for value in map(str, values):
            if element.keyword in NAMES:
                yield from _orders(value)
            elif not value.startswith(OF_THE_STANDARD):
                yield value.strip().lower()


def _orders(name: str) -> Iterator[str]:
    """Write a person's name, ``Doe^Jane``, as texts do; it may come in several alphabets, separated by ``=``."""
    for written in name.lower().split("="):
        family, *given = [part.strip() for part in written.split("^") if part.strip()] or [""]
        yield written.strip("^ ")
        if given:
            first = given[0]
            yield from (f"{family} {first}", f"{family}, {first}", f"{first} {family}", f"{family}_{first}")
