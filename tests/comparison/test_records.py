# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math
from pathlib import Path

import torch

from monai_medtex.comparison.records import is_done, read_maps, read_result, read_rows, write_failure, write_record


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    rows = [{"image": "a", "hit": 1.0, "kl": None}, {"image": "b", "hit": math.nan, "auroc": 1 / 3}]
    maps = {"a": torch.rand(1, 4, 4)}
    assert not is_done(tmp_path)
    write_record(tmp_path, rows, maps, {"seconds": 1.5})
    assert is_done(tmp_path)
    # an unknown value and one that a row lacks are empty cells
    assert read_rows(tmp_path) == [
        {"image": "a", "hit": "1", "kl": "", "auroc": ""},
        {"image": "b", "hit": "", "kl": "", "auroc": "0.333333"},
    ]
    assert torch.equal(read_maps(tmp_path)["a"], maps["a"])
    assert read_result(tmp_path) == {"seconds": 1.5}


def test_a_task_without_maps_has_none(tmp_path: Path) -> None:
    write_record(tmp_path, [{"image": "a"}], {}, {"seconds": 0.0})
    assert read_maps(tmp_path) == {}


def test_a_failure_is_no_record_and_goes_when_the_task_is_done(tmp_path: Path) -> None:
    write_failure(tmp_path / "task", "Traceback ...")
    assert not is_done(tmp_path / "task")
    assert (tmp_path / "task" / "failure.txt").read_text() == "Traceback ..."
    write_record(tmp_path / "task", [{"image": "a"}], {}, {})
    assert [path.name for path in sorted((tmp_path / "task").iterdir())] == ["per_image.csv", "result.json"]
