# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch
from monai.bundle import ConfigParser

from monai_medtex.trust import RunConfiguration, calling_config, configured_as
from monai_medtex.trust.configuration import check_same_run
from monai_medtex.utils import InputError

CONFIG = {
    "epochs": 6,
    "seed": 0,
    "dataset_dir": None,
    "teacher_ckpt": None,
    "prior": None,
    "size": "$2 * @epochs",
    "settings": {"epochs": "@epochs", "seed": "@seed", "size": "@size", "prior": "$repr(@prior)"},
}
SAVED = {"epochs": 40, "seed": 3, "size": 7, "prior": "None", "teacher_ckpt": "t.pt", "dataset_dir": "images"}


def test_an_expression_finds_the_config_that_it_stands_in():
    modules = ["$import monai_medtex", "$import monai_medtex.trust"]
    parser = ConfigParser({"imports": modules, "found": "$monai_medtex.trust.calling_config()"})
    parser["epochs"] = 5
    assert parser.get_parsed_content("found")["epochs"] == 5


def test_outside_of_a_config_there_is_none():
    with pytest.raises(RuntimeError, match="bundle's config"):
        calling_config()


def test_a_run_is_opened_with_its_own_options():
    config = configured_as(CONFIG, SAVED)
    assert (config["epochs"], config["seed"], config["size"]) == (40, 3, 7)
    # noted as text only: that it is None is no reason to set it to the text "None"
    assert config["prior"] is None
    assert (config["teacher_ckpt"], config["dataset_dir"]) == ("t.pt", "images")
    moved = configured_as(CONFIG, SAVED, dataset_dir="elsewhere", teacher_ckpt="other.pt")
    assert (moved["teacher_ckpt"], moved["dataset_dir"]) == ("other.pt", "elsewhere")
    assert CONFIG["epochs"] == 6


def test_opening_seeds_and_changes_nothing_for_the_next():
    configuration = RunConfiguration(configured_as(CONFIG, SAVED))
    changed = configuration.open(epochs=2, **{"settings#size": 1})
    assert changed.get_parsed_content("settings") == {"epochs": 2, "seed": 3, "size": 1, "prior": "None"}
    first = torch.rand(3)
    assert configuration.open().get_parsed_content("settings")["size"] == 7
    assert torch.equal(torch.rand(3), first)
    torch.manual_seed(3)
    assert torch.equal(torch.rand(3), first)


def test_other_config_files_than_the_runs_are_refused():
    found = {"epochs": 40, "seed": 3, "size": 7, "prior": "None"}
    check_same_run(found, SAVED, "run")
    check_same_run({**found, "more": 1}, SAVED, "run")
    check_same_run({**found, "prior": "<Prior object at 0x7f>"}, SAVED, "run")
    with pytest.raises(InputError, match="config_file: run was made with prior=None, not Area"):
        check_same_run({**found, "prior": "Area"}, SAVED, "run")
    with pytest.raises(InputError, match="prior=Area of") as error:
        check_same_run(found, {**SAVED, "prior": "Area\n  of\n" + 30 * "many\n"}, "run")
    assert "\n" not in str(error.value)
    with pytest.raises(InputError, match="grid=8"):
        check_same_run(found, {**SAVED, "grid": 8}, "run")
