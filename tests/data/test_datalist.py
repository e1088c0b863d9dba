# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json
import logging
import os
import shutil
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from monai_medtex.data import (
    chosen_section,
    describe,
    fingerprint,
    is_data_of,
    open_dataset,
    read_dataset,
    unlabelled_images,
    write_synthetic_fundus,
)
from monai_medtex.utils import InputError


def make(root: Path, sections: dict[str, list[int]]) -> Path:
    """A data list with one small image for each given label; files differ in size."""
    root.mkdir(parents=True)
    content: dict[str, list[dict]] = {}
    for section, labels in sections.items():
        content[section] = [{"image": f"{section}{index}.png", "label": label} for index, label in enumerate(labels)]
        for index in range(len(labels)):
            Image.new("L", (2 + index, 3)).save(root / f"{section}{index}.png")
    (root / "datalist.json").write_text(json.dumps(content))
    return root


def counts(datalist: dict[str, list[dict]]) -> dict[str, dict[int, int]]:
    return {section: dict(Counter(entry["label"] for entry in entries)) for section, entries in datalist.items()}


def test_missing_sections_are_split_off(tmp_path: Path) -> None:
    root = make(tmp_path / "data", {"training": [0] * 40 + [1] * 80})
    # a quarter of 40 and 80 for the test, of the remaining 30 and 60 a tenth for the validation
    expected = {"training": {0: 27, 1: 54}, "validation": {0: 3, 1: 6}, "test": {0: 10, 1: 20}}
    datalist = open_dataset(root)
    assert counts(datalist) == expected
    assert len({entry["image"] for entries in datalist.values() for entry in entries}) == 120
    expected = {"training": {0: 40, 1: 80}, "validation": {}, "test": {}}
    assert counts(open_dataset(str(root), test_fraction=0, val_fraction=0)) == expected


def test_given_sections_are_kept(tmp_path: Path) -> None:
    root = make(tmp_path / "data", {"training": [0, 1] * 20, "test": [0, 0, 1], "validation": [1]})
    assert open_dataset(root) == read_dataset(root)


def test_validation_images_can_be_the_test(tmp_path: Path) -> None:
    root = make(tmp_path / "data", {"training": [0, 1] * 20, "validation": [0, 0, 1]})
    datalist = open_dataset(root, test_section="validation", val_fraction=0.1)
    assert datalist["test"] == read_dataset(root)["validation"]
    # a tenth of 20 and 20 is split off the training for the validation
    assert counts(datalist) == {"training": {0: 18, 1: 18}, "validation": {0: 2, 1: 2}, "test": {0: 2, 1: 1}}
    with pytest.raises(InputError, match=r"^test_section must be test or validation, got train$"):
        open_dataset(root, test_section="train")


def test_another_split_seed_gives_other_test_images(tmp_path: Path) -> None:
    root = make(tmp_path / "data", {"training": [0] * 40 + [1] * 80})
    assert open_dataset(root)["test"] == open_dataset(root)["test"]
    assert open_dataset(root, split_seed=1)["test"] != open_dataset(root)["test"]


def test_patients_stay_together(tmp_path: Path) -> None:
    root = make(tmp_path / "data", {"training": [0, 1] * 20})
    content = json.loads((root / "datalist.json").read_text())
    for index, entry in enumerate(content["training"]):
        entry["patient"] = f"p{index // 4}"
    (root / "datalist.json").write_text(json.dumps(content))
    patients = {key: {entry["patient"] for entry in entries} for key, entries in open_dataset(root).items()}
    # ten patients: the borders of 0.75 * 10 and then of 0.9 * 8 are rounded to 8 and 7
    assert {key: len(names) for key, names in patients.items()} == {"training": 7, "validation": 1, "test": 2}
    assert len(set.union(*patients.values())) == 10


@pytest.mark.parametrize("name", ["test_fraction", "val_fraction"])
@pytest.mark.parametrize("value", [1.0, -0.1, float("nan")])
def test_shares_out_of_range(tmp_path: Path, name: str, value: float) -> None:
    root = make(tmp_path / "data", {"training": [0, 1]})
    with pytest.raises(InputError, match=f"^{name} must be at least 0 and below 1, got {value}$"):
        open_dataset(root, **{name: value})


def test_no_training_images(tmp_path: Path) -> None:
    root = make(tmp_path / "data", {"test": [0, 1]})
    with pytest.raises(InputError, match=r"data: no training images: training 0, validation 0, test 2 "):
        open_dataset(root)


def test_one_line_says_what_is_used(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    root = make(tmp_path / "data", {"training": [0] * 4 + [1] * 8})
    with caplog.at_level(logging.INFO, logger="monai_medtex"):
        open_dataset(root, val_fraction=0)
    line = f"{root}: in use: training 9 (label 0: 3, label 1: 6), validation 0, test 3 (label 0: 1, label 1: 2)"
    assert caplog.messages[-1] == line


def test_an_empty_section_is_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    open_dataset(make(tmp_path / "data", {"training": [0, 1], "validation": [0]}))
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert warnings == ["too few training images or patients to split off a section test of 0.25"]


def test_describe_puts_the_unknown_last() -> None:
    entries = [{"image": "x", "label": label} for label in (-1, 2, 0, -1)]
    text = describe({"training": entries, "validation": [], "test": []})
    assert text == "training 4 (label 0: 1, label 2: 1, unknown: 2), validation 0, test 0"


def test_synthetic_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = partial(write_synthetic_fundus, counts={"training": 4, "validation": 2, "test": 2})
    monkeypatch.setattr("monai_medtex.data.synthetic.write_synthetic_fundus", few)
    monkeypatch.setenv("MONAI_MEDTEX_HOME", str(tmp_path / "home"))
    datalist = open_dataset(None, image_size=32)
    assert {section: len(entries) for section, entries in datalist.items()} == few.keywords["counts"]
    assert {entry["label"] for entry in datalist["training"]} == {0, 1}
    images = [entry["image"] for entries in datalist.values() for entry in entries]
    assert all(Path(image).is_relative_to((tmp_path / "home" / "data").resolve()) for image in images)
    assert Image.open(images[0]).size == (32, 32)
    assert open_dataset("", image_size=32) == datalist


@pytest.mark.parametrize(
    ("filled", "section", "chosen"),
    [
        ("training", None, "training"),
        ("training validation", None, "validation"),
        ("training validation test", None, "test"),
        ("training test", "training", "training"),
    ],
)
def test_the_section_to_judge_on(filled: str, section: str | None, chosen: str) -> None:
    datalist = {name: [{"image": name, "label": 0}] * (name in filled) for name in ("training", "validation", "test")}
    assert chosen_section(datalist, section) == datalist[chosen]


@pytest.mark.parametrize(("section", "said"), [("tests", "training, validation, test, got tests"), ("test", "test 0")])
def test_a_section_without_images_is_refused(section: str, said: str) -> None:
    with pytest.raises(InputError, match=f"^section.*{said}"):
        chosen_section({"training": [{"image": "a", "label": 0}], "validation": [], "test": []}, section)


def test_unlabelled_images_of_all_sections(tmp_path: Path) -> None:
    root = make(tmp_path / "data", {"training": [0, 1], "test": [1]}).resolve()
    names = ("training0.png", "training1.png", "test0.png")
    assert unlabelled_images(root) == [{"image": str(root / name)} for name in names]
    for nothing in (None, ""):
        with pytest.raises(InputError, match="dataset_dir"):
            unlabelled_images(nothing)


@pytest.mark.parametrize(
    "names",
    [
        ("a.png", "test/b.png", "deep/er/c.png", "anat_masked/d.png"),
        ("x/1.png", "y/1.png", "y/deep/2.png"),
        ("P001.png", "P002.png", "N003.png", "T004.png", "V005.png"),
    ],
)
def test_of_a_folder_every_image_is_listed_but_masks(tmp_path: Path, names: tuple[str, ...]) -> None:
    root = tmp_path.resolve()
    masks = [f"{name[:-4]}_mask_1.png" for name in names]
    others = (
        *masks,
        "Lesion Masks/m.png",
        "2. All Segmentation Groundtruths/g.png",
        ".hidden/h.png",
        "out/theta/t.png",
    )
    for name in (*names, *others):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (2, 2)).save(root / name)
    (root / "out" / "predictions.csv").touch()
    assert {entry["image"] for entry in unlabelled_images(root)} == {str(root / name) for name in names}


@pytest.mark.parametrize("name", ["palm224", "ms3d"])
def test_real_images_get_every_section_they_can(shared_data: Path, name: str) -> None:
    datalist = open_dataset(shared_data / name)
    images = [entry["image"] for entries in datalist.values() for entry in entries]
    assert len(images) == len(set(images)) == {"palm224": 400, "ms3d": 74}[name]
    if name == "palm224":
        # 213 and 187: borders round(159.75) = 160, round(140.25) = 140; then round(144) = 144, round(126) = 126
        assert counts(datalist) == {"training": {1: 144, 0: 126}, "validation": {1: 16, 0: 14}, "test": {1: 53, 0: 47}}


def test_fingerprint_is_the_same_elsewhere_and_in_another_order(tmp_path: Path) -> None:
    root = make(tmp_path / "data", {"training": [0, 1, -1], "test": [1]})
    shutil.copytree(root, tmp_path / "deep" / "copy")
    datalist = read_dataset(root)
    mark = fingerprint(datalist)
    assert len(mark) == 12
    assert int(mark, 16) >= 0
    assert fingerprint(read_dataset(tmp_path / "deep" / "copy")) == mark
    assert fingerprint({**datalist, "training": datalist["training"][::-1]}) == mark
    for inverted in (False, True):
        training = [{**entry, "mask_inverted": inverted} for entry in datalist["training"]]
        assert (fingerprint({**datalist, "training": training}) == mark) is not inverted


def test_images_are_a_runs_wherever_they_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make(tmp_path / "data", {"training": [0, 1] * 8})
    shutil.copytree(root, tmp_path / "moved")
    split = {"test_fraction": 0.25, "val_fraction": 0.25, "test_section": "test", "class_names": ["normal", "abnormal"]}
    settings = {**split, "dataset_dir": "data", "data": fingerprint(open_dataset(root, **split))}
    monkeypatch.chdir(tmp_path)
    for same in ("data", "data/", str(root), root / "datalist.json", "moved"):
        assert is_data_of(settings, same)
    Image.new("L", (9, 9)).save(tmp_path / "moved" / "training3.png")
    for other in ("moved", None):
        assert not is_data_of(settings, other)
    assert is_data_of({**settings, "dataset_dir": None}, None)
    Image.new("L", (9, 9)).save(root / "training3.png")
    with pytest.raises(InputError, match="data holds other images than when the run was trained"):
        is_data_of(settings, "data")


def test_fingerprint_sees_every_change(tmp_path: Path) -> None:
    root = make(tmp_path / "data", {"training": [0, 1], "test": [1]})
    datalist = read_dataset(root)
    first, second = datalist["training"]
    marks = [
        fingerprint(datalist),
        fingerprint({**datalist, "training": [first]}),
        fingerprint({**datalist, "training": [first, {**second, "label": 0}]}),
        fingerprint({**datalist, "training": [first, {**second, "mask": first["image"]}]}),
        fingerprint({**datalist, "validation": datalist["test"], "test": []}),
    ]
    os.rename(first["image"], root / "other.png")
    marks.append(fingerprint({**datalist, "training": [{**first, "image": str(root / "other.png")}, second]}))
    with open(second["image"], "ab") as file:
        file.write(b"x")
    marks.append(fingerprint({**datalist, "training": [second]}))
    Path(second["image"]).write_bytes(Path(second["image"]).read_bytes()[:-1] + b"y")
    marks.append(fingerprint({**datalist, "training": [second]}))
    os.rename(root / "other.png", first["image"])
    marks.append(fingerprint(datalist))
    assert len(set(marks)) == len(marks)
    os.remove(first["image"])
    with pytest.raises(InputError, match=r"training0\.png: No such file"):
        fingerprint(datalist)
    fingerprint({"training": [], "validation": [], "test": []})
