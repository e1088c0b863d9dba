# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest
import torch
import torch.multiprocessing
from ignite.engine import Engine
from torch import nn

from monai_medtex.handlers import BroadcastBuffers


def test_a_single_process_keeps_its_buffers():
    network = nn.BatchNorm1d(2)
    nn.init.constant_(network.running_mean, 3.0)
    engine = Engine(lambda engine, batch: None)
    BroadcastBuffers(network).attach(engine)
    engine.run([0])
    assert network.running_mean.tolist() == [3, 3]


@pytest.mark.skipif(not torch.distributed.is_gloo_available(), reason="torch was built without gloo")
@pytest.mark.usefixtures("processes")
def test_two_processes(tmp_path, monkeypatch):
    """One pair of processes, since starting one takes seconds, for all that works across processes."""
    monkeypatch.syspath_prepend(Path(__file__).parent)  # so that the processes find the module
    handler_ranks = importlib.import_module("handler_ranks")
    torch.multiprocessing.start_processes(handler_ranks.run, (str(tmp_path),), nprocs=2, start_method="forkserver")
    results = [json.loads((tmp_path / f"rank{rank}.json").read_text()) for rank in (0, 1)]

    # both evaluate with the statistics of rank 0: mean 10, variance 1, no batch seen
    (mean, variance, seen, prediction), same = (result["buffers"] for result in results)
    assert (mean, variance, seen) == ([10, 10], [1, 1], [0])
    assert prediction == pytest.approx([-10, -10], rel=1e-4)
    assert same == [mean, variance, seen, prediction]

    # the means count every image of both once: 2 + 1 and 3 + 2
    own = [row for result in results for row in result["training"]["own"]]
    assert [images for images, _, _ in own] == [2, 1, 3, 2]
    loss, bound = (sum(row[0] * row[column] for row in own) / 8 for column in (1, 2))
    for result in results:
        assert result["training"]["metrics"]["loss"] == pytest.approx(loss, rel=1e-5)
        assert result["training"]["metrics"]["bound_transfer_block2"] == pytest.approx(bound, rel=1e-5)

    # gradients of all parameters, those of the heads too, are averaged: both have learnt the same
    assert results[0]["training"]["learnt"] == results[1]["training"]["learnt"]
    assert any(name.startswith("heads.") for name in results[0]["training"]["learnt"])

    # rank 0 chooses the run's folder, and leaves the teacher that both use
    assert results[0]["run"] == results[1]["run"]
    assert json.loads((Path(results[0]["run"]) / "settings.json").read_text()) == {"rank": 0}
    assert [path.name for path in (tmp_path / "runs").iterdir()] == [Path(results[0]["run"]).name]
    assert [result["teacher"] for result in results] == ["weights", "weights"]
