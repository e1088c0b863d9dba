# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from monai_medtex.comparison import config_folder, open_workflow
from monai_medtex.comparison.workflow import finished_run
from monai_medtex.utils import InputError


def configs_in(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "train.json").write_text('{"run": ["$1"], "epochs": 1, "twice": "$2 * @epochs"}')
    return folder


def test_configs_are_found_in_the_root_or_where_monai_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(InputError, match=r"^bundle_root: there is no configs/train.json in \.$"):
        config_folder(".")
    beside = configs_in(tmp_path / "other" / "configs")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "other")])
    assert config_folder(".") == beside
    inside = configs_in(tmp_path / "bundle" / "configs")
    assert config_folder(tmp_path / "bundle") == inside
    # as when one runs the command inside configs/
    monkeypatch.chdir(inside)
    assert config_folder(".") == inside


def test_options_override_the_files_and_a_missing_file_is_named(tmp_path: Path) -> None:
    folder = configs_in(tmp_path / "configs")
    assert open_workflow(folder, ["train.json"], "run", epochs=3).parser.get_parsed_content("twice") == 6
    with pytest.raises(InputError, match=r"^configs: there is no file .*other\.json$"):
        open_workflow(folder, ["train.json", "other.json"], "run")


def test_only_a_run_that_is_over_is_finished(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    assert finished_run(tmp_path) is None
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "finished").touch()
    assert finished_run(tmp_path) == tmp_path / "two"
