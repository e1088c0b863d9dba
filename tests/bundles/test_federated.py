# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch
from monai.fl.client import MonaiAlgo
from monai.fl.utils.constants import ExtraItems
from monai.fl.utils.exchange_object import ExchangeObject


@pytest.fixture
def client(bundle_dir, fundus, teacher_ckpt, tmp_path, bundle) -> MonaiAlgo:
    options = {"image_size": 32, "batch_size": 8, "dataset_dir": str(fundus), "teacher_ckpt": teacher_ckpt}
    algo = MonaiAlgo(
        bundle_root=str(bundle_dir),
        local_epochs=1,
        config_evaluate_filename=None,
        train_kwargs={**options, "output_dir": str(tmp_path / "runs")},
    )
    algo.initialize(extra={ExtraItems.CLIENT_NAME: "branch"})
    return algo


def test_a_branch_trains_one_round_from_the_weights_it_is_sent(client):
    network = client.trainer.network
    sent = {key: torch.full_like(value, 0.01) for key, value in network.state_dict().items()}
    client.train(ExchangeObject(weights=sent))
    assert client.trainer.state.epoch == 1
    returned = client.get_weights()
    change = returned.weights
    assert set(change) == set(sent)
    assert not any(name.startswith("teacher") for name in change)
    kernels = [value for name, value in change.items() if name.endswith("weight")]
    assert all(0 < value.abs().max() < 0.1 for value in kernels)
    client.finalize()
