# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from pathlib import Path

import pytest

from monai_medtex.sharing.absolute_paths import path_in_binary, path_in_text

BUNDLE = Path(__file__).resolve().parents[2] / "bundles" / "medtex_fundus"


@pytest.mark.parametrize(
    "path",
    [
        "/srv/hospital/images",
        "/home/jane/",
        "~/runs/1",
        "~jane/runs",
        "file:///srv/x.zip",
        "C:\\Users\\jane\\x.pt",
        "C:\\\\Users\\\\jane\\\\x.pt",
        "D:/data/images/x.png",
        "\\\\server\\share",
    ],
)
@pytest.mark.parametrize("text", ["{}", 'x = "{}"', "dir: {}", "dir:{}", "({})", "--dataset_dir={}", "a, {}, b"])
def test_an_absolute_path_in_a_text_is_found(path, text):
    assert path_in_text(text.format(path))


@pytest.mark.parametrize(
    "text",
    [
        "https://project-monai.github.io/schema/x.json",
        "configs/inference.json",
        "../shared/data/x",
        "./models/model.pt",
        "$@image_size / 16",
        "and/or/both",
        "image/png",
        "</td></tr>",
        "a ratio of 1 / 2 / 3",
        "2026/01/02",
        "T: yes",
    ],
)
def test_what_is_no_absolute_path_is_left_alone(text):
    assert path_in_text(text) is None


def test_the_bundles_own_files_hold_none():
    files = [path for path in BUNDLE.rglob("*") if path.suffix in (".json", ".md", ".txt", ".conf")]
    assert len(files) > 10
    assert not [path for path in [*files, BUNDLE / "LICENSE"] if path_in_text(path.read_text())]


def test_in_a_binary_file_the_first_folder_must_be_one_of_a_machine(tmp_path):
    assert path_in_binary("A/home/jane/x.py") == "/home/jane"
    assert path_in_binary(f"q{tmp_path}/x")
    assert path_in_binary("/student/block1/Conv") is None


@pytest.mark.parametrize(
    "text", ["\x00C:\\Users\\jane\\x.onnx", "xx file:///srv/x.py", "/Users/jane/x.py", "/data/ward/x"]
)
def test_paths_of_other_machines_in_a_binary_file_are_found(text):
    assert path_in_binary(text)
