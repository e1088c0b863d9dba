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
from monai.handlers import IgniteMetricHandler, from_engine

from monai_medtex.metrics import ImageRowMetric, TopKIoU


class Twice(ImageRowMetric):
    width = 2

    def _compute_tensor(self, y_pred, y=None):
        return torch.cat([y_pred, 2 * y_pred], dim=1)

    def aggregate(self):
        return self.get_buffer().sum(dim=0)


def test_no_images_make_an_empty_table_and_do_not_stop_a_later_update():
    metric = Twice()
    assert metric.get_buffer().shape == (0, 2)
    assert metric.aggregate().tolist() == [0, 0]
    metric(torch.tensor([[3.0]]))
    assert metric.aggregate().tolist() == [3, 6]
    metric.reset()
    assert len(metric) == 0
    assert metric.get_buffer().shape == (0, 2)


@pytest.mark.skipif(not torch.distributed.is_gloo_available(), reason="torch was built without gloo")
@pytest.mark.usefixtures("processes")
def test_two_processes_with_unequal_shares_agree_with_one(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parent)  # so that the processes find the module
    two_ranks = importlib.import_module("two_ranks")
    splits = [2, 0, two_ranks.IMAGES]  # 2 and 5 images, 0 and 7, 7 and 0
    arguments = (str(tmp_path), splits)
    torch.multiprocessing.start_processes(two_ranks.run, arguments, nprocs=2, start_method="forkserver")
    expected = two_ranks.figures(slice(None))
    assert expected["rows of TopKIoU"] == two_ranks.IMAGES
    for rank in (0, 1):
        for figures in json.loads((tmp_path / f"rank{rank}.json").read_text()):
            assert figures == pytest.approx(expected, rel=1e-6)


def test_a_monai_handler_spreads_the_figures():
    theta = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    lesion = torch.zeros(4, 1, 8, 8)
    lesion[:3, :, :2, :2] = 1
    batches = [
        [{"theta": t, "lesion": m} for t, m in zip(theta[i : i + 2], lesion[i : i + 2], strict=True)] for i in (0, 2)
    ]
    engine = Engine(lambda engine, batch: batch)
    IgniteMetricHandler(TopKIoU(), output_transform=from_engine(["theta", "lesion"])).attach(engine, "topk_iou")
    metrics = engine.run(batches).metrics
    alone = TopKIoU()
    alone(theta, lesion)
    assert metrics == {**alone.aggregate(), "topk_iou": alone.aggregate()}
    assert engine.state.metric_details["topk_iou"].shape == (4, 18)
