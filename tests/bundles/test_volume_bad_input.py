# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""What the bundle for volumes says to data and options that it cannot take."""

from __future__ import annotations

import shutil
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image

CONFIGS = Path(__file__).resolve().parents[2] / "bundles" / "medtex_volume" / "configs"


def photograph(folder: Path) -> None:
    for path in (folder / "images").iterdir():
        path.unlink()
    Image.new("L", (24, 24)).save(folder / "images" / "photo.png")
    (folder / "datalist.json").write_text('{"test": ["images/photo.png"]}')


def truncate(folder: Path) -> None:
    path = folder / "images" / "test_0001.nii.gz"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flatten(folder: Path) -> None:
    nibabel.save(nibabel.Nifti1Image(np.ones((24, 24, 1)), np.eye(4)), folder / "images" / "test_0001.nii.gz")


def move_mask(folder: Path) -> None:
    path = folder / "masks" / "test_0001.nii.gz"
    nibabel.save(nibabel.Nifti1Image(np.ones((24, 24, 24), np.uint8), np.diag([-2, 2, 2, 1])), path)


@pytest.mark.parametrize(
    ("damage", "run_id", "words"),
    [
        (photograph, "inference", ["photo.png", "2-D image, expected 3-D"]),
        (truncate, "inference", ["test_0001.nii.gz", "truncated"]),
        (truncate, "training", ["test_0001.nii.gz", "truncated"]),
        (flatten, "training", ["test_0001.nii.gz", "a single slice, (24, 24, 1)"]),
        (move_mask, "training", ["masks/test_0001.nii.gz", "affine differs"]),
        (shutil.rmtree, "training", ["copied", "no such file or folder"]),
    ],
)
def test_what_is_no_volume_is_named_in_one_line(bundle, copied, one_line, bundle_home, damage, run_id, words):
    damage(copied)
    config = "train" if run_id == "training" else run_id
    with one_line(*words):
        bundle(run_id, str(CONFIGS / f"{config}.json"), dataset_dir=str(copied))
    assert not (bundle_home / "runs").exists()


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"patch_size": 8}, ["patch_size must be a whole number of at least 16, got 8"]),
        ({"patch_size": [32, 32]}, ["patch_size must be one whole number or three, got [32, 32]"]),
        ({"volume_answer": "median"}, ["volume_answer must be one of max, mean but is 'median'"]),
        ({"patches_per_volume": 0}, ["patches_per_volume must be a whole number of at least 1, got 0"]),
        ({"lesion_share": 1.5}, ["lesion_share must be in 0..1, got 1.5"]),
        (
            {"intensity_range": [800, -200]},
            ["intensity_range must be two numbers", "got [800, -200]"],
        ),
        ({"overlap": 1}, ["overlap must be in 0..0.9, got 1"]),
    ],
)
def test_options_out_of_range_are_named_before_a_run_begins(bundle, volumes, one_line, bundle_home, option, words):
    with one_line(*words):
        bundle("training", str(CONFIGS / "train.json"), dataset_dir=str(volumes), **option)
    assert not bundle_home.exists()
