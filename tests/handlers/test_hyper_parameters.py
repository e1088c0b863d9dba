# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
from ignite.engine import Engine
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
from torch.utils.tensorboard import SummaryWriter

from monai_medtex.handlers import HyperParameters


@pytest.fixture
def written(tmp_path):
    """A training of 3 epochs, its events read back."""
    settings = {"seed": 4, "dataset_dir": None, "lambda_vid": 0.01, "layer_pairs": [["a", "b"]], "amp": False}
    trainer, validation = Engine(lambda engine, batch: None), Engine(lambda engine, batch: None)
    agreement = {"agreement_accuracy": 0.75}  # Ignite keeps a metric that is a dict whole, and each of its entries
    validation.state.metrics = {"agreement": agreement, **agreement, "predictive_kl": 0.5}
    with SummaryWriter(tmp_path) as writer:
        HyperParameters(writer, settings, validation).attach(trainer)
        trainer.run([0], max_epochs=3)
    accumulator = EventAccumulator(str(tmp_path))
    return accumulator.Reload()


def test_figures_of_the_last_validation(written):
    points = {tag: [(point.step, point.value) for point in written.Scalars(tag)] for tag in written.Tags()["scalars"]}
    assert points == {"final/agreement_accuracy": [(3, 0.75)], "final/predictive_kl": [(3, 0.5)]}


def test_settings_are_shown_by_name(written):
    content = written.PluginTagToContent("hparams")["_hparams_/session_start_info"]
    shown = HParamsPluginData.FromString(content).session_start_info.hparams
    assert {name: getattr(value, value.WhichOneof("kind")) for name, value in shown.items()} == {
        "seed": 4,
        "dataset_dir": "null",
        "lambda_vid": 0.01,
        "layer_pairs": '[["a", "b"]]',
        "amp": False,
    }
