# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json

import pytest

from monai_medtex.trust import shuffled_labels
from monai_medtex.trust.configuration import RunConfiguration
from monai_medtex.trust.retraining import Retrainer, lengths, recipe_beside
from monai_medtex.utils import InputError


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


@pytest.mark.parametrize(("epochs", "expected"), [(None, (30, 15)), (10, (10, 5)), (2, (2, 1)), (60, (60, 30))])
def test_the_phases_of_a_run_are_shortened_with_it(epochs, expected):
    """Half of 30 epochs; without it the second phase of a shorter training would never begin."""
    made = lengths({"epochs": 30, "predictor_epochs": 15, "seed": 0}, epochs)
    assert made == {"epochs": expected[0], "predictor_epochs": expected[1]}
    assert lengths({"epochs": 30}, epochs) == {"epochs": expected[0]}


def test_a_training_too_short_for_its_phases_is_refused():
    with pytest.raises(InputError, match="^retrain_epochs must leave an epoch for each of a run's two phases, got 1$"):
        lengths({"epochs": 30, "explainer_epochs": 15}, 1)
