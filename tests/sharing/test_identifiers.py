# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest

from monai_medtex.sharing import identifiers
from monai_medtex.sharing.identifiers import mentioned


def entry(image: str, **more: object) -> dict:
    return {"image": image, **more}


def test_names_of_files_folders_masks_and_patients_tell():
    entries = [
        entry("/x/data/MRN_881/P0012.png", patient="Jones", mask=["/x/data/MRN_882/P0012_EX.tif"]),
        entry("/x/data/MRN_882/scan_77.nii.gz", patient="20190412"),
    ]
    assert set(identifiers(entries)) == {
        *("p0012.png", "p0012", "p0012_ex.tif", "p0012_ex", "scan_77.nii.gz", "scan_77.nii", "scan_77"),
        *("mrn_881", "mrn_882", "jones", "20190412"),
    }


def test_a_frame_tells_its_file():
    assert set(identifiers([entry("/x/scan_77#3.dcm")])) == {"scan_77#3.dcm", "scan_77#3", "scan_77.dcm", "scan_77"}


def test_folders_above_the_images_and_common_words_and_numbers_do_not_tell():
    names = identifiers([entry("/srv/study9000/normal.png", patient="17"), entry("/srv/study9000/0012.png")])
    assert set(names) == {"normal.png", "0012.png"}


def test_files_of_an_evaluation_count_as_well():
    assert identifiers([], ["/x/images/H0001.jpg"]) == ["h0001", "h0001.jpg"]


@pytest.mark.parametrize("text", ["see P0012", "p0012.png", '"a/P0012_theta.nii"', "P0012-1", "P0012"])
def test_a_name_is_found_however_it_is_written(text):
    assert mentioned(text, ["p0012"]) == "p0012"


def test_accents_are_the_same_however_they_are_encoded():
    composed, decomposed = "M\u00fcller1", "Mu\u0308ller1"
    for name, text in ((composed, decomposed), (decomposed, composed)):
        names = identifiers([entry(f"/x/{name}.png")])
        assert mentioned(f"as {text} shows", names) == "m\u00fcller1"


@pytest.mark.parametrize("text", ["XP0012", "P00121", "P0012a", "0012", ""])
def test_a_part_of_a_longer_word_is_none(text):
    assert mentioned(text, ["p0012"]) is None
