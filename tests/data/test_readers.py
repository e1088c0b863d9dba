# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from PIL import Image

from monai_medtex.data import (
    every_image,
    read_csv,
    read_datalist,
    read_dataset,
    read_idrid,
    read_palm,
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


def test_datalist_with_everything_and_with_next_to_nothing(root: Path) -> None:
    content = {
        "name": "ignored",
        "training": [
            {"image": "a.png", "label": 1, "mask": "m/a.png", "patient": "p1"},
            {"image": "b.png", "label": "0", "subject": 7, "patient_id": "x"},
            {"image": "c.png", "label": None, "mask": "", "patient_id": ""},
            {"image": "d.png", "label": 1.0, "mask": ["m/d.png", "m/e.png"], "mask_inverted": True},
            {"image": str(root / "sub/../e.png"), "patient_id": "z"},
            "f.png",
        ],
        "test": [{"image": "g.png", "label": -1}],
    }
    file = write(root, "datalist.json", json.dumps(content))
    expected = {
        "training": [
            {"image": f"{root}/a.png", "label": 1, "mask": f"{root}/m/a.png", "patient": "p1"},
            {"image": f"{root}/b.png", "label": 0, "patient": "7"},
            {"image": f"{root}/c.png", "label": -1},
            {
                "image": f"{root}/d.png",
                "label": 1,
                "mask": [f"{root}/m/d.png", f"{root}/m/e.png"],
                "mask_inverted": True,
            },
            {"image": f"{root}/e.png", "label": -1, "patient": "z"},
            {"image": f"{root}/f.png", "label": -1},
        ],
        "validation": [],
        "test": [{"image": f"{root}/g.png", "label": -1}],
    }
    assert read_datalist(root) == expected
    assert read_datalist(file) == expected
    assert read_dataset(root) == expected
    assert read_dataset(str(file)) == expected


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"image": "../outside.png"}, r"datalist\.json: training\[1\]: '\.\./outside\.png' leads out of the folder"),
        ({"image": "a.png", "mask": "../m.png"}, r"training\[1\]: '\.\./m\.png' leads out"),
        ({"image": "a.png", "mask": ["a.png", "/etc/m.png"]}, r"training\[1\]: '/etc/m\.png' leads out"),
        ({"image": "link.png"}, r"training\[1\]: 'link\.png' leads out"),
        ({"image": "linked/a.png"}, r"training\[1\]: 'linked/a\.png' leads out"),
        ({"image": "a\0.png"}, r"training\[1\]: .* is no usable path"),
        ({"image": "a.png", "label": "sick"}, r"training\[1\]: label 'sick' is not an integer"),
        ({"image": "a.png", "label": 0.5}, r"training\[1\]: label 0\.5 is not an integer"),
        ({"image": "a.png", "label": True}, r"training\[1\]: label True is not an integer"),
        ({"image": "a.png", "label": [2]}, r"training\[1\]: label \[2\] is no list of 1, 0 and -1"),
        ({"image": "a.png", "label": "nan"}, r"training\[1\]: label 'nan' is not an integer"),
        ({"image": "a.png", "label": 10**400}, r"is not an integer"),
        ({"image": "a.png", "mask": "a.png", "mask_inverted": "no"}, r"training\[1\]: mask_inverted is 'no'"),
        ({"label": 1}, r"training\[1\]: expected the path of a file, got None"),
        (3, r"training\[1\]: expected the path of a file, got 3"),
    ],
)
def test_datalist_refuses_an_entry_in_one_line(root: Path, entry: object, message: str) -> None:
    draw(root.parent, "outside.png", "elsewhere/a.png")
    (root / "link.png").symlink_to(root.parent / "outside.png")
    (root / "linked").symlink_to(root.parent / "elsewhere")
    write(root, "datalist.json", json.dumps({"training": ["ok.png", entry]}))
    with pytest.raises(InputError, match=message) as caught:
        read_datalist(root)
    assert "\n" not in str(caught.value)


def test_datalist_follows_a_link_that_stays_inside(root: Path) -> None:
    draw(root, "a.png")
    (root / "link.png").symlink_to("a.png")
    write(root, "datalist.json", json.dumps({"test": ["link.png"]}))
    assert read_datalist(root)["test"] == [{"image": f"{root}/a.png", "label": -1}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not readable as JSON"),
        ('["a.png"]', "at least one of the keys training, validation, test, got a list"),
        ('{"train": []}', r"got \['train'\]"),
        ('{"training": {"image": "a.png"}}', "training must be a list"),
    ],
)
def test_datalist_refuses_another_json(root: Path, text: str, message: str) -> None:
    file = write(root, "datalist.json", text)
    with pytest.raises(InputError, match=message) as caught:
        read_dataset(root)
    assert str(file) in str(caught.value)


def test_csv_with_all_columns(root: Path) -> None:
    text = "\ufeffImage, label ,mask,subject,split,age\na.png,1,m/a.png,p1,train,70\n b.png ,,,,val,\n\n"
    text += "c.png,0.0,,p2,TEST\nd.png\n"
    file = write(root, "list.csv", text)
    expected = {
        "training": [
            {"image": f"{root}/a.png", "label": 1, "mask": f"{root}/m/a.png", "patient": "p1"},
            {"image": f"{root}/d.png", "label": -1},
        ],
        "validation": [{"image": f"{root}/b.png", "label": -1}],
        "test": [{"image": f"{root}/c.png", "label": 0, "patient": "p2"}],
    }
    write(root, "other.csv", "name,grade\nx,1\n")
    assert read_csv(file) == expected
    assert read_csv(root) == expected
    assert read_dataset(root) == expected


def test_labels_may_be_names_of_classes_and_do_not_matter_to_inference(root: Path) -> None:
    names = ["benign", "malignant"]
    (root / "list.csv").write_text("image,label\na.png,Malignant\nb.png,benign\nc.png,1\n")
    assert [entry["label"] for entry in read_dataset(root, names)["training"]] == [1, 0, 1]
    assert every_image(root) == [f"{root}/{name}.png" for name in "abc"]
    content = {"test": [{"image": "a.png", "label": "malignant"}]}
    (root / "datalist.json").write_text(json.dumps(content))
    assert read_dataset(root, names)["test"] == [{"image": f"{root}/a.png", "label": 1}]
    assert every_image(root) == [f"{root}/a.png"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image,label\na.png,1\nb.png,x\n", r"list\.csv: line 3: label 'x' is not an integer"),
        ("image\n../a.png\n", r"list\.csv: line 2: '\.\./a\.png' leads out of the folder"),
        ("image,split\na.png,fold1\n", r"list\.csv: line 2: split 'fold1' is none of training, validation, test"),
        ("image,label\n,1\n", r"list\.csv: line 2: expected the path of a file, got ''"),
        ("file,label\na.png,1\n", r"expected one csv file with a column image, got \[\]"),
        ("", r"expected one csv file with a column image, got \[\]"),
        ("image\n\xff.png\n", "not readable as CSV"),
    ],
)
def test_csv_refused_in_one_line(root: Path, text: str, message: str) -> None:
    file = root / "list.csv"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=message) as caught:
        read_dataset(file)
    assert "\n" not in str(caught.value)


def test_csv_with_inverted_masks(root: Path) -> None:
    file = write(root, "list.csv", "image,mask,mask_inverted\na.png,m.png,True\nb.png,m.png,\nc.png,m.png,false\n")
    assert read_csv(file)["training"] == [
        {"image": f"{root}/a.png", "label": -1, "mask": f"{root}/m.png", "mask_inverted": True},
        {"image": f"{root}/b.png", "label": -1, "mask": f"{root}/m.png"},
        {"image": f"{root}/c.png", "label": -1, "mask": f"{root}/m.png"},
    ]


def test_two_csv_files_are_ambiguous(root: Path) -> None:
    write(root, "b.csv", "image\nb.png\n")
    write(root, "a.csv", "image\na.png\n")
    with pytest.raises(InputError, match=r"got \['a\.csv', 'b\.csv'\]"):
        read_dataset(root)


def test_a_table_separated_by_semicolons(root: Path) -> None:
    draw(root, "a,b.png", "c.png")
    write(root, "list.csv", "image;label\na,b.png;1\nc.png;0\n")
    assert read_dataset(root)["training"] == [
        {"image": f"{root}/a,b.png", "label": 1},
        {"image": f"{root}/c.png", "label": 0},
    ]


def test_palm_as_released(root: Path) -> None:
    masks = "PALM-Training400-Annotation-Lession/Lesion_Masks"
    draw(
        root,
        *(f"PALM-Training400/PALM-Training400/{name}.jpg" for name in ("P0001", "P0002", "P0003", "H0001", "N0007")),
    )
    draw(root, f"{masks}/Atrophy/P0001.bmp", f"{masks}/Detachment/P0001.bmp", f"{masks}/Atrophy/P0003.bmp")
    draw(root, "PALM-Training400-Annotation-Lession/Lesion_Illustration/P0001.bmp", ".cache/P0009.jpg", "._P0001.jpg")
    draw(root, "PALM-Training400-Annotation-D&F/Disc_Masks/P0002.bmp", "PALM-Validation400/V0001.jpg")
    images = f"{root}/PALM-Training400/PALM-Training400"
    expected = {
        "training": [
            {"image": f"{images}/H0001.jpg", "label": 0},
            {"image": f"{images}/N0007.jpg", "label": 0},
            {
                "image": f"{images}/P0001.jpg",
                "label": 1,
                "mask": [f"{root}/{masks}/Atrophy/P0001.bmp", f"{root}/{masks}/Detachment/P0001.bmp"],
                "mask_inverted": True,
            },
            {"image": f"{images}/P0002.jpg", "label": 1},
            {
                "image": f"{images}/P0003.jpg",
                "label": 1,
                "mask": f"{root}/{masks}/Atrophy/P0003.bmp",
                "mask_inverted": True,
            },
        ],
        "validation": [],
        "test": [],
    }
    assert read_palm(root) == expected
    assert read_dataset(root) == expected


def test_palm_with_pathologic_images_only_in_folders_with_blanks(root: Path) -> None:
    draw(
        root, "Training/Images/P0001.jpg", "Training/Lesion Masks/Detachment/P0001.bmp", "Training/Disc Masks/P0001.bmp"
    )
    expected = {
        "image": f"{root}/Training/Images/P0001.jpg",
        "label": 1,
        "mask": f"{root}/Training/Lesion Masks/Detachment/P0001.bmp",
        "mask_inverted": True,
    }
    assert read_dataset(root) == {"training": [expected], "validation": [], "test": []}


def test_patient_files_named_like_palm_are_no_palm(root: Path) -> None:
    draw(root, "healthy/P0001.png", "sick/P0002.png")
    assert [entry["label"] for entry in read_dataset(root)["training"]] == [0, 1]


def test_class_folders_of_files_named_by_their_class_are_no_palm(root: Path) -> None:
    draw(root, "normal/N001.png", "pneumonia/P001.png", "tuberculosis/T001.png")
    assert [entry["label"] for entry in read_dataset(root)["training"]] == [0, 1, 2]


def make_grading(root: Path) -> Path:
    base = root / "B. Disease Grading"
    header = "Image name,Retinopathy grade,Risk of macular edema ,,,\n"
    draw(base, *(f"1. Original Images/a. Training Set/IDRiD_{number:03}.jpg" for number in range(1, 7)))
    draw(base, "1. Original Images/b. Testing Set/IDRiD_001.jpg")
    rows = "".join(f"IDRiD_{number:03},{grade},0,,,\n" for number, grade in enumerate([0, 1, 2, 3, 4], start=1))
    write(base, "2. Groundtruths/a. IDRiD_Disease Grading_Training Labels.csv", header + rows + ",,,,,\n")
    write(base, "2. Groundtruths/b. IDRiD_Disease Grading_Testing Labels.csv", header + "IDRiD_001,0,0,,,\n")
    write(base, "2. Groundtruths/._a. IDRiD_Disease Grading_Training Labels.csv", "\0")
    return base


def test_idrid_grading_as_released(root: Path) -> None:
    images = f"{make_grading(root)}/1. Original Images"
    labels = {"001": 0, "003": 1, "004": 1, "005": 1, "006": -1}
    expected = {
        "training": [
            {"image": f"{images}/a. Training Set/IDRiD_{name}.jpg", "label": label} for name, label in labels.items()
        ],
        "validation": [],
        "test": [{"image": f"{images}/b. Testing Set/IDRiD_001.jpg", "label": 0}],
    }
    assert read_idrid(root) == expected
    assert read_dataset(root / "B. Disease Grading") == expected


def make_segmentation(root: Path) -> Path:
    base = root / "A. Segmentation"
    masks = "2. All Segmentation Groundtruths"
    draw(base, *(f"1. Original Images/a. Training Set/IDRiD_{number:02}.jpg" for number in (1, 2, 3)))
    draw(base, "1. Original Images/b. Testing Set/IDRiD_55.jpg")
    folders = {"MA": "1. Microaneurysms", "HE": "2. Haemorrhages", "EX": "3. Hard Exudates", "OD": "5. Optic Disc"}
    draw(base, *(f"{masks}/a. Training Set/{folder}/IDRiD_01_{kind}.tif" for kind, folder in folders.items()))
    draw(base, f"{masks}/a. Training Set/{folders['OD']}/IDRiD_02_OD.tif")
    draw(base, f"{masks}/a. Training Set/4. Soft Exudates/IDRiD_03_SE.tif")
    draw(base, f"{masks}/b. Testing Set/{folders['MA']}/IDRiD_55_MA.tif")
    return base


def test_idrid_segmentation_as_released(root: Path) -> None:
    base = make_segmentation(root)
    images, masks = f"{base}/1. Original Images", f"{base}/2. All Segmentation Groundtruths"
    expected = {
        "training": [
            {
                "image": f"{images}/a. Training Set/IDRiD_01.jpg",
                "label": 1,
                "mask": [
                    f"{masks}/a. Training Set/1. Microaneurysms/IDRiD_01_MA.tif",
                    f"{masks}/a. Training Set/2. Haemorrhages/IDRiD_01_HE.tif",
                    f"{masks}/a. Training Set/3. Hard Exudates/IDRiD_01_EX.tif",
                ],
            },
            {"image": f"{images}/a. Training Set/IDRiD_02.jpg", "label": 1},
            {
                "image": f"{images}/a. Training Set/IDRiD_03.jpg",
                "label": 1,
                "mask": f"{masks}/a. Training Set/4. Soft Exudates/IDRiD_03_SE.tif",
            },
        ],
        "validation": [],
        "test": [
            {
                "image": f"{images}/b. Testing Set/IDRiD_55.jpg",
                "label": 1,
                "mask": f"{masks}/b. Testing Set/1. Microaneurysms/IDRiD_55_MA.tif",
            }
        ],
    }
    assert read_idrid(root) == expected
    assert read_dataset(base) == expected


def test_idrid_tasks_are_not_mixed(root: Path) -> None:
    make_grading(root)
    make_segmentation(root)
    with pytest.raises(InputError, match="share photographs"):
        read_dataset(root)


def test_idrid_bad_grade(root: Path) -> None:
    write(
        root, "2. Groundtruths/a. IDRiD_Disease Grading_Training Labels.csv", "Image name,Retinopathy grade\nx,mild\n"
    )
    with pytest.raises(InputError, match=r"Training Labels\.csv: line 2: label 'mild' is not an integer"):
        read_dataset(root)


def test_nothing_there(root: Path) -> None:
    accepted = "datalist.json, csv file with a column image, IDRiD, PALM, folders of images"
    with pytest.raises(InputError, match=accepted) as caught:
        read_dataset(root)
    assert str(root) in str(caught.value)
    with pytest.raises(InputError, match=accepted):
        read_dataset(write(root, "notes.txt", "x"))
    with pytest.raises(InputError, match="nowhere: no such file or folder"):
        read_dataset(root / "nowhere")


def test_the_layout_is_logged(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    draw(root, "a/1.png", "b/1.png")
    with caplog.at_level(logging.INFO, logger="monai_medtex"):
        read_dataset(root, ["normal", "abnormal"])
    assert caplog.messages == [
        f"{root}: labels by folder: 0 a (as normal), 1 b (as abnormal)",
        f"{root}: read as folders of images",
    ]
