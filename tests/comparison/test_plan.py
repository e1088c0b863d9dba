# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from monai_medtex.comparison import plan, read_methods, time_left
from monai_medtex.utils import InputError

METHODS = {
    "MED-TEX": {"configs": [], "explains": True},
    "L2X": {"configs": ["l2x.json"], "explains": True, "fractions": [0.5]},
    "Grad-CAM": {"configs": ["maps/grad_cam.json"], "trained": False},
}


def test_every_method_with_its_fractions_seed_by_seed() -> None:
    tasks = plan(read_methods(METHODS, [0.25, 0.5]), [3, 4])
    once = [("MED-TEX", 0.25), ("MED-TEX", 0.5), ("L2X", 0.5), ("Grad-CAM", None)]
    assert [(task.method.name, task.fraction, task.seed) for task in tasks] == [
        *((*pair, 3) for pair in once),
        *((*pair, 4) for pair in once),
    ]


def test_a_map_of_the_teacher_explains_and_is_not_trained() -> None:
    med_tex, _, cam = read_methods({**METHODS, "Grad-CAM": {"configs": [], "trained": False}}, [1.0])
    assert cam.explains
    assert cam.fractions == (None,)
    student = read_methods({"Student": {"configs": []}}, [1.0])[0]
    assert not student.explains


def test_tasks_have_folders_of_their_own() -> None:
    tasks = plan(read_methods(METHODS | {"Grad-CAM++": {"configs": [], "trained": False}}, [0.25, 0.5]), [0, 1])
    folders = [task.folder for task in tasks]
    assert len(set(folders)) == len(folders)
    assert folders[0] == Path("runs/med_tex/fraction_0.25/seed_0")
    assert folders[3] == Path("runs/grad_cam/seed_0")
    assert str(tasks[0]) == "MED-TEX, 25% of the images, seed 0"


@pytest.mark.parametrize(
    ("methods", "said"),
    [
        ({"A": {"configs": [], "epoch": 3}}, "methods: 'A' has the unknown key epoch"),
        ({"A": {}}, "methods: 'A' lacks configs"),
        ({"A b": {"configs": []}, "a-B": {"configs": []}}, "methods: 'a-B' and 'A b' would share the folder a_b"),
    ],
)
def test_bad_methods(methods: dict, said: str) -> None:
    with pytest.raises(InputError) as error:
        read_methods(methods, [1.0])
    assert str(error.value) == said


def test_time_left_is_the_sum_of_the_methods_means() -> None:
    seconds = {"a": [10.0, 20.0], "b": [60.0]}
    assert time_left(seconds, ["a", "a", "b"]) == timedelta(seconds=15 + 15 + 60)
    # of "c" nothing is known: the mean of 10, 20 and 60
    assert time_left(seconds, ["c"]) == timedelta(seconds=30)
    assert time_left({}, ["a"]) is None
    assert time_left(seconds, []) == timedelta(0)
