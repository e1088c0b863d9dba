# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json
import re
import shutil

import pytest

from monai_medtex.data import fingerprint, open_dataset
from monai_medtex.sharing import open_run
from monai_medtex.utils import InputError


def refused(run, *words: str, **options: object) -> None:
    with pytest.raises(InputError) as caught:
        open_run(run, **options)
    assert "\n" not in str(caught.value)
    assert all(word in str(caught.value) for word in words), caught.value


def test_a_run_knows_all_its_images(run, images):
    names = {re.search(r"(\w+)\.png", entry["image"])[1] for entry in open_run(run).entries}
    assert names == {"P0001", "P0002", "P0003", "7"}


def test_images_that_moved_are_named(run, images, tmp_path):
    moved = shutil.move(images, tmp_path / "moved")
    refused(run, "ward_7", "--dataset_dir")
    assert len(open_run(run, dataset_dir=moved).entries) == 4


def test_other_images_are_not_taken_for_the_runs(run, images):
    listed = json.loads((images / "datalist.json").read_text())
    del listed["training"][0]
    (images / "datalist.json").write_text(json.dumps(listed))
    refused(run, str(images), "other images")


def test_images_with_a_list_of_labels_are_the_runs(run, images, change_settings):
    listed = json.loads((images / "datalist.json").read_text())
    listed["training"][0]["label"] = [1, 0]
    listed["training"][1]["label"] = [-1, 1]
    for entry in listed["test"]:
        del entry["label"]
    (images / "datalist.json").write_text(json.dumps(listed))
    data = fingerprint(open_dataset(images, val_fraction=0, num_labels=2))
    change_settings({"class_names": ["effusion", "nodule"], "activation": "sigmoid", "data": data})
    assert [entry["label"] for entry in open_run(run).entries] == [[1, 0], [-1, 1], [-1, -1], [-1, -1]]


def test_synthetic_images_need_no_look(run, change_settings):
    change_settings({"dataset_dir": None})
    assert open_run(run).entries == []


@pytest.mark.parametrize("name", ["model.pt", "finished"])
def test_an_unfinished_run_is_refused(run, name):
    (run / name).unlink()
    refused(run, name, str(run))


def test_a_run_of_another_kind_is_refused(run):
    (run / "settings.json").write_text("{}")
    refused(run, "another kind")
    refused(None, "run_dir")


def test_an_evaluation_is_chosen(run):
    other = run / "evaluation_2"
    other.mkdir()
    refused(run, "evaluation_2", "summary.json", evaluation_dir=other)
    (other / "summary.json").write_text('{"images": 3}')
    assert open_run(run, evaluation_dir=other).summary == {"images": 3}
    assert open_run(run).summary == {}
