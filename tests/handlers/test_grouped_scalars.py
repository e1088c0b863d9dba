# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import torch
from ignite.engine import Engine
from monai.handlers import TensorBoardStatsHandler
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.utils.tensorboard import SummaryWriter

from monai_medtex.handlers import write_grouped


def test_figures_of_each_epoch_stand_under_the_first_word_of_their_names(tmp_path):
    engine = Engine(lambda *_: None)
    writer = SummaryWriter(str(tmp_path))
    figures = {"loss": 2.0, "loss_prediction": torch.tensor(1.5), "iou_top1": 0.25, "rows": {"not": "a number"}}
    engine.add_event_handler("EPOCH_COMPLETED", lambda: engine.state.metrics.update(figures))
    TensorBoardStatsHandler(writer, iteration_log=False, epoch_event_writer=write_grouped).attach(engine)
    engine.run([0], max_epochs=2)
    writer.close()
    written = EventAccumulator(str(tmp_path)).Reload()
    points = {tag: [(point.step, point.value) for point in written.Scalars(tag)] for tag in written.Tags()["scalars"]}
    assert points == {
        "loss/loss": [(1, 2.0), (2, 2.0)],
        "loss/loss_prediction": [(1, 1.5), (2, 1.5)],
        "iou/iou_top1": [(1, 0.25), (2, 0.25)],
    }
