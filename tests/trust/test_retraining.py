# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json

from monai_medtex.trust import shuffled_labels
from monai_medtex.trust.configuration import RunConfiguration
from monai_medtex.trust.retraining import Retrainer, recipe_beside


def test_labels_are_shuffled_and_the_classes_keep_their_sizes():
    entries = [{"image": f"{number}.png", "label": int(number < 10)} for number in range(40)]
    shuffled = shuffled_labels(entries, seed=1)
    assert [entry["image"] for entry in shuffled] == [entry["image"] for entry in entries]
    assert sum(entry["label"] for entry in shuffled) == 10
    assert 0 < sum(entry["label"] for entry in shuffled[:10]) < 10
    assert shuffled == shuffled_labels(entries, seed=1)
    assert [entry["label"] for entry in entries] == [1] * 10 + [0] * 30


def test_the_recipe_of_a_teacher_is_that_of_its_own_run(tmp_path):
    assert recipe_beside(str(tmp_path / "model.pt")) == {}
    (tmp_path / "settings.json").write_text(json.dumps({"teacher_epochs": 60, "batch_size": 8, "seed": 4}))
    assert recipe_beside(str(tmp_path / "model.pt")) == {"teacher_epochs": 60, "batch_size": 8}


def test_what_is_shorter_than_in_the_run_is_named(tmp_path):
    config = {"teacher_ckpt": str(tmp_path / "model.pt"), "epochs": 30, "teacher_epochs": 20}
    configuration = RunConfiguration(config)
    assert Retrainer(configuration).shortened() == []
    assert Retrainer(configuration, 30, 20).shortened() == []
    assert Retrainer(configuration, 2, 20).shortened() == ["epochs 2 of 30"]
    (tmp_path / "settings.json").write_text(json.dumps({"teacher_epochs": 60}))
    assert Retrainer(configuration, 30, 20).shortened() == ["teacher_epochs 20 of 60"]
