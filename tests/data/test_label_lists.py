# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from monai_medtex.data import check_labels, describe, fingerprint, open_dataset, read_dataset, take_fraction
from monai_medtex.data.label_lists import listed_label, strata
from monai_medtex.utils import InputError


def make(root: Path, labels: list) -> Path:
    root.mkdir(exist_ok=True)
    for index in range(len(labels)):
        Image.new("L", (4, 4)).save(root / f"{index}.png")
    entries = [{"image": f"{index}.png", "label": label} for index, label in enumerate(labels)]
    (root / "datalist.json").write_text(json.dumps({"training": entries}))
    return root


def opened(root: Path, num_labels: int | None) -> list:
    datalist = open_dataset(root, num_labels=num_labels, test_fraction=0, val_fraction=0)
    return [entry["label"] for entry in datalist["training"]]


@pytest.mark.parametrize(
    ("value", "label"),
    [([1, 0, None], [1, 0, -1]), ("0 1 -1", [0, 1, -1]), (["1", "0"], [1, 0]), ("1", 1), (None, -1), ("", -1), (3, 3)],
)
def test_labels_are_read(value, label):
    assert listed_label(value, "here") == label


def test_labels_are_read_by_the_names_of_the_classes():
    names = ["normal", "mild disease", 1, 3]
    values = ["Normal ", "mild disease", "MILD DISEASE", "3", "1", 3, ""]
    assert [listed_label(value, "here", names) for value in values] == [0, 1, 1, 3, 1, 3, -1]
    with pytest.raises(InputError, match="here: label 'mild' is not an integer, nor one of class_names"):
        listed_label("mild", "here", names)


@pytest.mark.parametrize("value", [[0, 2], "0 2", [[1]], ["a"], [0.5, 1]])
def test_other_lists_are_refused(value):
    with pytest.raises(InputError, match="here: label"):
        listed_label(value, "here")


def test_a_data_list_and_a_table_hold_them(tmp_path):
    root = make(tmp_path / "data", [[0, 1], None, [1, -1]])
    assert opened(root, 2) == [[0, 1], [-1, -1], [1, -1]]
    (root / "datalist.json").unlink()
    (root / "labels.csv").write_text("image,label\n0.png,0 1\n1.png,\n2.png,1 -1\n")
    assert opened(root, 2) == [[0, 1], [-1, -1], [1, -1]]


def test_labels_of_another_kind_or_length_are_named(tmp_path):
    root = make(tmp_path / "data", [[0, 1], [1, 0, 1]])
    with pytest.raises(InputError, match=r"1\.png: label \[1, 0, 1\] is no list of 2"):
        opened(root, 2)
    with pytest.raises(InputError, match=r"0\.png: has a list of labels; name multilabel\.json"):
        opened(root, None)
    with pytest.raises(InputError, match=r"0\.png: label 1 is no list of 2"):
        opened(make(tmp_path / "classes", [1, 0]), 2)


def test_the_images_of_each_label_are_counted(tmp_path):
    datalist = read_dataset(make(tmp_path / "data", [[1, 1], [0, 0], [0, 1], [-1, -1]]))
    assert describe(datalist).startswith("training 4 (label 0: 1, label 1: 2, unknown: 1)")
    relabelled = read_dataset(make(tmp_path / "other", [[1, 1], [0, 0], [0, 1], [0, 0]]))
    assert fingerprint(datalist) != fingerprint(relabelled)


def test_the_rarest_label_that_holds_is_the_stratum():
    labels = [[1, 0, 1], [1, 0, 0], [1, 1, 0], [0, 0, 1], [0, 0, 0], [-1, -1, -1], [0, 0, -1]]
    # label 0 holds three times, label 2 twice, label 1 once
    assert strata([{"label": label} for label in labels]) == [2, 1, 3, 2, 0, -1, 0]
    assert strata([{"label": 3}, {"label": -1}]) == [3, -1]


def test_a_fraction_keeps_its_size_and_a_share_of_each_label():
    """Stratified by all combinations, each of the 16 would keep one image at least; the strata have 2, 2, 4, 8, 16."""
    entries = [{"image": str(index), "label": [index >> bit & 1 for bit in range(4)]} for index in range(16)] * 2
    kept = take_fraction(entries, 0.25, 0)
    assert len(kept) == 1 + 1 + 1 + 2 + 4
    assert all(sum(entry["label"][bit] for entry in kept) >= 2 for bit in range(4))


def test_a_split_keeps_the_rare_label_in_both_parts(tmp_path):
    root = make(tmp_path / "data", [[1, 0]] * 36 + [[1, 1]] * 4)
    datalist = open_dataset(root, num_labels=2, test_fraction=0.5, val_fraction=0)
    for section in ("training", "test"):
        assert Counter(str(entry["label"]) for entry in datalist[section]) == {"[1, 0]": 18, "[1, 1]": 2}


def test_required_labels():
    entries = [{"image": "a", "label": [0, -1]}, {"image": "b", "label": [1, 1]}]
    check_labels(entries, 2, required=True)
    unknown = [*entries, {"image": "c", "label": [-1, -1]}]
    check_labels(unknown, 2, required=False)
    with pytest.raises(InputError, match="c: no label"):
        check_labels(unknown, 2, required=True)
    with pytest.raises(InputError, match=r"one class only.*\[0, 1\]"):
        check_labels([{"image": "a", "label": [0, 1]}] * 2, 2, required=True)
