# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import logging

import pytest
from ignite.engine import Engine, Events

from monai_medtex.utils import InputError, ensure_teacher, home, teacher_path, teacher_store

RECIPE = {"data": "0123abcd", "seed": 0, "epochs": 10, "channels": [32, 64], "class_names": ["normal", "abnormal"]}


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("MONAI_MEDTEX_HOME", str(tmp_path / "home"))


def trainer(trained, runs: list) -> Engine:
    """An engine that leaves a file instead of training."""
    engine = Engine(lambda engine, batch: None)

    @engine.on(Events.COMPLETED)
    def write() -> None:
        runs.append(1)
        trained.write_text("new weights")

    engine.run = lambda: Engine.run(engine, [0], max_epochs=1)
    return engine


def test_the_teacher_that_is_named_is_taken(tmp_path, monkeypatch):
    (tmp_path / "teacher.pt").touch()
    assert teacher_path(tmp_path / "teacher.pt", RECIPE) == tmp_path / "teacher.pt"
    monkeypatch.chdir(tmp_path)
    assert teacher_path("teacher.pt", RECIPE) == tmp_path / "teacher.pt"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert teacher_path("~/teacher.pt", RECIPE) == tmp_path / "teacher.pt"


@pytest.mark.parametrize("kind", ["absent", "folder"])
def test_a_teacher_that_is_no_file_is_refused(tmp_path, kind):
    name = tmp_path / "absent.pt" if kind == "absent" else tmp_path
    with pytest.raises(InputError) as caught:
        teacher_path(name, RECIPE)
    assert str(caught.value) == f"teacher_ckpt: there is no file {name}"


def test_each_recipe_has_its_own_teacher():
    recipes = [RECIPE, *(RECIPE | {key: "other"} for key in RECIPE)]
    paths = {teacher_path(None, recipe) for recipe in recipes}
    assert len(paths) == len(recipes)
    assert {path.parent for path in paths} == {home() / "teachers"}
    assert {path.suffix for path in paths} == {".pt"}


@pytest.mark.parametrize("nothing", [None, ""])
def test_one_recipe_has_one_teacher_whatever_the_order_of_its_keys(nothing):
    backwards = dict(reversed(RECIPE.items()))
    assert teacher_path(nothing, RECIPE) == teacher_path(nothing, backwards)


def test_a_teacher_that_is_there_is_not_trained(tmp_path, caplog):
    path, runs = tmp_path / "teacher.pt", []
    path.write_text("old weights")
    with caplog.at_level(logging.INFO, "monai_medtex"):
        ensure_teacher(path, trainer(tmp_path / "model.pt", runs), tmp_path / "model.pt")
    assert path.read_text() == "old weights"
    assert runs == []
    assert caplog.messages == [f"teacher found: {path}"]


def test_a_teacher_that_is_not_there_is_trained_and_kept(tmp_path):
    path, trained, runs = teacher_path(None, RECIPE), tmp_path / "model.pt", []
    ensure_teacher(path, trainer(trained, runs), trained)
    ensure_teacher(path, trainer(trained, runs), trained)
    assert runs == [1]
    assert path.read_text() == trained.read_text() == "new weights"
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_all_look_before_the_teacher_is_made_and_wait_until_it_is_there(tmp_path, monkeypatch):
    path, there = teacher_path(None, RECIPE), []
    monkeypatch.setattr(teacher_store.idist, "barrier", lambda: there.append(path.exists()))
    ensure_teacher(path, trainer(tmp_path / "model.pt", []), tmp_path / "model.pt")
    assert there == [False, True]


def test_a_training_that_fails_leaves_no_teacher(tmp_path):
    def fail(engine, batch):
        raise RuntimeError("out of memory")

    engine = Engine(fail)
    engine.run = lambda: Engine.run(engine, [0])
    path = teacher_path(None, RECIPE)
    with pytest.raises(RuntimeError, match="out of memory"):
        ensure_teacher(path, engine, tmp_path / "model.pt")
    assert not path.exists()
