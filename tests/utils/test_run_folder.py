# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json
import logging
import os
import re
import time
from functools import partial
from pathlib import Path

import pytest

from monai_medtex.utils import (
    InputError,
    fresh_folder,
    home,
    mark_finished,
    output_folder,
    read_settings,
    run_folder,
)

SETTINGS = {"epochs": 10, "seed": 0, "channels": (2, 4), "data": Path("images"), "teacher": None}


def started(folder: Path, name: str, minutes_ago: int = 0, **changed) -> Path:
    """A run's folder that was last written to some minutes ago."""
    run = run_folder(folder, name, SETTINGS | changed)
    moment = time.time() - 60 * minutes_ago
    os.utime(run, (moment, moment))
    return run


def test_a_fresh_folder_was_not_there(tmp_path):
    folders = [fresh_folder(tmp_path / "new", "run") for _ in range(3)]
    assert [folder.name for folder in folders] == ["run", "run_2", "run_3"]
    assert all(folder.is_dir() for folder in folders)


def test_a_folder_that_can_not_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    for make in (output_folder, partial(fresh_folder, name="run")):
        with pytest.raises(InputError, match=r"^output_dir: .*file/runs(/run)? can't be made: Not a directory$"):
            make(tmp_path / "file" / "runs")
    assert output_folder(tmp_path / "new" / "one") == output_folder(tmp_path / "new" / "one") == tmp_path / "new/one"


@pytest.mark.parametrize("value", [True, 2024])
def test_a_parent_that_is_no_path_is_named(value):
    with pytest.raises(InputError, match=f"^output_dir must be a path, got {value}$"):
        fresh_folder(value, "run")


def test_the_home_folder_is_found_by_its_sign(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert fresh_folder("~/kept", "run") == tmp_path / "kept" / "run"


def test_a_run_starts_in_a_fresh_folder_with_its_settings(tmp_path, caplog):
    with caplog.at_level(logging.INFO, "monai_medtex"):
        run = run_folder(tmp_path / "out", "medtex", SETTINGS)
    assert run.parent == tmp_path / "out"
    assert re.fullmatch(r"\d{8}_\d{6}_medtex", run.name)
    assert [path.name for path in run.iterdir()] == ["settings.json"]
    expected = {"epochs": 10, "seed": 0, "channels": [2, 4], "data": "images", "teacher": None}
    assert json.loads((run / "settings.json").read_text()) == read_settings(run) == expected
    assert caplog.messages == [f"writing to {run}"]


def test_runs_of_one_second_have_their_own_folders(tmp_path, monkeypatch):
    monkeypatch.setattr(time, "strftime", lambda _: "20260102_030405")
    names = [run_folder(tmp_path, "medtex", SETTINGS).name for _ in range(2)]
    assert names == ["20260102_030405_medtex", "20260102_030405_medtex_2"]


def test_runs_are_kept_at_home_unless_a_folder_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("MONAI_MEDTEX_HOME", str(tmp_path))
    assert run_folder(None, "medtex", SETTINGS).parent == home() / "runs"
    monkeypatch.chdir(tmp_path)
    assert run_folder("here", "medtex", SETTINGS).parent == tmp_path / "here"


def test_the_newest_unfinished_run_with_these_settings_is_resumed(tmp_path, caplog):
    started(tmp_path, "medtex", minutes_ago=50)
    wanted = started(tmp_path, "medtex", minutes_ago=40)
    mark_finished(started(tmp_path, "medtex"))
    started(tmp_path, "medtex", minutes_ago=20, seed=1)
    started(tmp_path, "teacher", minutes_ago=10)
    (tmp_path / "20260102_030405_medtex").mkdir()  # killed before it wrote its settings
    os.utime(wanted, (time.time() - 2400,) * 2)  # touched by none of this
    with caplog.at_level(logging.INFO, "monai_medtex"):
        assert run_folder(tmp_path, "medtex", SETTINGS, resume=True) == wanted
    assert caplog.messages == [f"resuming {wanted}"]


def test_what_a_killed_process_was_writing_is_swept(tmp_path):
    run = started(tmp_path, "medtex")
    (run / "teacher").mkdir()
    for name in (".model.123.tmp.pt", "teacher/.metrics.123.tmp.csv", "model.pt", "teacher/metrics.csv"):
        (run / name).touch()
    run_folder(tmp_path, "medtex", SETTINGS, resume=True)
    left = sorted(str(path.relative_to(run)) for path in run.rglob("*") if path.is_file())
    assert left == ["model.pt", "settings.json", "teacher/metrics.csv"]


def test_more_epochs_may_follow(tmp_path):
    run = started(tmp_path, "medtex")
    assert run_folder(tmp_path, "medtex", SETTINGS | {"epochs": 20}, resume=True) == run
    assert run_folder(tmp_path, "medtex", SETTINGS | {"epochs": 20}, resume=str(run)) == run


@pytest.mark.parametrize("there", ["nothing", "finished", "other settings"])
def test_a_fresh_run_starts_where_there_is_none_to_resume(tmp_path, there, caplog):
    old = None
    if there == "finished":
        mark_finished(old := started(tmp_path, "medtex"))
    if there == "other settings":
        old = started(tmp_path, "medtex", seed=1)
    with caplog.at_level(logging.INFO, "monai_medtex"):
        run = run_folder(tmp_path, "medtex", SETTINGS, resume=True)
    assert run != old
    assert read_settings(run)["seed"] == 0
    assert "nothing to resume" in caplog.messages[-2]


def test_without_resume_a_fresh_run_starts(tmp_path):
    assert started(tmp_path, "medtex") != run_folder(tmp_path, "medtex", SETTINGS, resume=False)


def test_the_run_that_is_named_is_resumed(tmp_path, monkeypatch):
    run, _ = started(tmp_path, "medtex", minutes_ago=5), started(tmp_path, "medtex")
    monkeypatch.chdir(tmp_path)
    assert run_folder(tmp_path / "elsewhere", "medtex", SETTINGS, resume=run.name) == run
    assert not (tmp_path / "elsewhere").exists()


def test_a_named_run_with_other_settings_is_refused(tmp_path):
    run = started(tmp_path, "medtex", seed=1)
    with pytest.raises(InputError) as caught:
        run_folder(tmp_path, "medtex", SETTINGS, resume=str(run))
    assert str(caught.value) == f"resume: {run} was started with seed=1, but seed is 0"


def test_a_named_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(InputError, match=rf"^resume: {tmp_path} is no folder of a run \(it has no settings.json\)$"):
        run_folder(tmp_path, "medtex", SETTINGS, resume=str(tmp_path))


@pytest.mark.parametrize("nothing", [None, ""])
def test_settings_of_no_folder(nothing):
    with pytest.raises(InputError, match="^run_dir: name the folder of a run with --run_dir$"):
        read_settings(nothing)


def test_settings_of_another_folder(tmp_path):
    with pytest.raises(InputError, match=rf"^run_dir: {tmp_path} is no folder of a run"):
        read_settings(tmp_path)


def test_a_run_of_another_kind_is_named(tmp_path):
    run = run_folder(tmp_path, "teacher", {"seed": 0})
    assert read_settings(run, needs="seed") == {"seed": 0}
    with pytest.raises(InputError, match=r"^run_dir: .*_teacher is a run of another kind \(its settings lack theta\)$"):
        read_settings(run, needs="theta")
