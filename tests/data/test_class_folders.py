# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from PIL import Image

from monai_medtex.data import (
    read_class_folders,
    read_dataset,
)
from monai_medtex.utils import InputError


def draw(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (3, 2)).save(root / name)


def write(root: Path, name: str, text: str) -> Path:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)
    return root / name


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return (tmp_path / "data").resolve()


def test_class_folders(root: Path) -> None:
    draw(
        root, "normal/2.png", "normal/10.JPG", "benign/a.tiff", ".hidden/a.png", "normal/.b.png", "normal/deeper/c.png"
    )
    write(root, "normal/readme.txt", "no image")
    write(root, "malignant/v.nii.gz", "")
    (root / "empty").mkdir()
    expected = {
        "training": [
            {"image": f"{root}/benign/a.tiff", "label": 0},
            {"image": f"{root}/malignant/v.nii.gz", "label": 1},
            {"image": f"{root}/normal/10.JPG", "label": 2},
            {"image": f"{root}/normal/2.png", "label": 2},
        ],
        "validation": [],
        "test": [],
    }
    assert read_class_folders(root) == expected
    assert read_dataset(root) == expected


def test_class_folders_in_split_folders_share_their_labels(root: Path) -> None:
    draw(root, "Train/a/1.png", "Train/c/1.png", "val/b/1.png", "test/c/1.png", "notes/x.png")
    assert read_dataset(root) == {
        "training": [{"image": f"{root}/Train/a/1.png", "label": 0}, {"image": f"{root}/Train/c/1.png", "label": 2}],
        "validation": [{"image": f"{root}/val/b/1.png", "label": 1}],
        "test": [{"image": f"{root}/test/c/1.png", "label": 2}],
    }


@pytest.mark.parametrize("folder", [".", "only", "train"])
def test_without_classes_the_label_is_unknown(root: Path, folder: str) -> None:
    draw(root, f"{folder}/b.png", f"{folder}/a.bmp")
    base = (root / folder).resolve()
    assert read_dataset(root) == {
        "training": [{"image": f"{base}/a.bmp", "label": -1}, {"image": f"{base}/b.png", "label": -1}],
        "validation": [],
        "test": [],
    }


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("images/a.png", "masks/a.png"), "masks are no class"),
        (("images/a.png", "annotations/a.png"), "masks are no class"),
        (("images/a.png", "Segmentation/a.png"), "masks are no class"),
        (("benign/b (1).png", "benign/b (1)_mask.png", "normal/a.png"), r"b \(1\)_mask.png: a mask of b \(1\), not"),
        (("benign/b1.png", "benign/b1_mask_2.png", "normal/a.png"), "b1_mask_2.png: a mask of b1, not"),
        (("a/1.png", "b/1.png", "2.png"), "images beside the class"),
        (("train/1.png", "2.png"), r"images beside the folders \['train'\]"),
    ],
)
def test_ambiguous_folders_are_refused(root: Path, names: tuple[str, ...], message: str) -> None:
    draw(root, *names)
    with pytest.raises(InputError, match=message):
        read_dataset(root)


def test_masks_beside_volumes_are_refused(root: Path) -> None:
    for name in ("benign/v.nii.gz", "benign/v_mask.nii.gz", "normal/a.nii.gz"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    with pytest.raises(InputError, match=r"v_mask\.nii\.gz: a mask of v, not"):
        read_dataset(root)


def test_an_image_called_after_a_mask_alone_is_an_image(root: Path) -> None:
    draw(root, "a/face_mask.png", "b/unmasked.png")
    assert len(read_dataset(root)["training"]) == 2


def test_class_folders_named_as_the_classes_get_their_labels(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    draw(root, "train/Abnormal/1.png", "train/normal/1.png", "test/normal/2.png")
    with caplog.at_level(logging.INFO, logger="monai_medtex"):
        found = read_dataset(root, ["normal", "abnormal", "unsure"])
    labels = {Path(entry["image"]).parent.name: entry["label"] for entries in found.values() for entry in entries}
    assert labels == {"normal": 0, "Abnormal": 1}
    assert not any("labels by folder" in message for message in caplog.messages)


def test_a_folder_that_is_no_class_beside_one_that_is(root: Path) -> None:
    draw(root, "normal/1.png", "glaucoma/1.png")
    with pytest.raises(InputError, match=r"the folder glaucoma is none of the classes; class_names is \['normal', 'a"):
        read_dataset(root, ["normal", "abnormal"])


def test_images_in_other_folders_are_counted(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    draw(root, "a/1.png", "b/1.png", "b/deep/2.png", "c/deep/3.png", "masks_of/b/1.png")
    read_dataset(root)
    assert f"{root}: 2 images lie in other folders and are left out, such as {root}/b/deep/2.png" in caplog.messages
