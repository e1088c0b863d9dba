# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch
from monai.engines import SupervisedEvaluator
from torch import nn

from monai_medtex.handlers import WeightsLoader
from monai_medtex.utils import InputError


def evaluator(network: nn.Module, path) -> SupervisedEvaluator:
    return SupervisedEvaluator(
        device=torch.device("cpu"),
        val_data_loader=[{"image": torch.ones(1, 2)}],
        network=network,
        val_handlers=[WeightsLoader(network, path, "run_dir")],
        decollate=False,
    )


def test_the_weights_are_there_for_the_first_image(tmp_path):
    network = nn.Linear(2, 1)
    engine = evaluator(network, tmp_path / "model.pt")  # the file is not needed yet
    torch.save({"weight": torch.tensor([[2.0, 3.0]]), "bias": torch.tensor([4.0])}, tmp_path / "model.pt")
    engine.run()
    assert engine.state.output["pred"].tolist() == [[9]]


def test_weights_are_loaded_anew_for_every_run(tmp_path):
    network = nn.Linear(2, 1)
    engine = evaluator(network, tmp_path / "model.pt")
    for value in (1.0, 2.0):
        torch.save({"weight": torch.full((1, 2), value), "bias": torch.zeros(1)}, tmp_path / "model.pt")
        engine.run()
        assert engine.state.output["pred"].tolist() == [[2 * value]]


@pytest.mark.parametrize(
    ("state", "line"), [(None, "there is no file"), ({"other": torch.zeros(1)}, "no key of .* fits Linear")]
)
def test_what_does_not_fit_stops_the_run_in_one_line(tmp_path, state, line):
    if state:
        torch.save(state, tmp_path / "model.pt")
    with pytest.raises(InputError, match=f"^run_dir: {line}"):
        evaluator(nn.Linear(2, 1), tmp_path / "model.pt").run()
