# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from monai_medtex.data import read_dataset

# images, of them abnormal, in each section: the table in the README of the shared images
REAL = {
    "palm224": {"training": (400, 213), "validation": (0, 0), "test": (0, 0)},
    "idrid256": {"training": (278, 165), "validation": (49, 29), "test": (43, 30)},
    "busi256": {"training": (461, 382), "validation": (78, 65), "test": (0, 0)},
    "ms3d": {"training": (44, 32), "validation": (30, 16), "test": (0, 0)},
}


@pytest.mark.parametrize("name", REAL)
def test_real_datalists(shared_data: Path, name: str) -> None:
    datalist = read_dataset(shared_data / name)
    counts = {key: (len(entries), sum(entry["label"] for entry in entries)) for key, entries in datalist.items()}
    assert counts == REAL[name]
    entries = [entry for section in datalist.values() for entry in section]
    assert {entry["label"] for entry in entries} == {0, 1}
    assert all(Path(entry["image"]).is_file() for entry in entries)
    masks = [entry["mask"] for entry in entries if "mask" in entry]
    assert all(Path(mask).is_file() for mask in masks)
    expected = {"palm224": 0, "idrid256": REAL["idrid256"]["test"][1]}
    assert len(masks) == expected.get(name, sum(abnormal for _, abnormal in REAL[name].values()))


def test_real_palm_by_its_names(shared_data: Path) -> None:
    by_name, by_list = read_dataset(shared_data / "palm224" / "images"), read_dataset(shared_data / "palm224")
    assert Counter(entry["label"] for entry in by_name["training"]) == {1: 213, 0: 187}
    assert sorted(by_name["training"], key=str) == sorted(by_list["training"], key=str)


def test_real_volumes_keep_their_subjects(shared_data: Path) -> None:
    datalist = read_dataset(shared_data / "ms3d")
    assert {entry["patient"][:7] for entry in datalist["training"] + datalist["validation"]} == {"patient"}
