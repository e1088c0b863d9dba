# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from monai.networks.nets import SEResNet50

from monai_medtex.networks import bundle_network, load_weights
from monai_medtex.utils import InputError

NETWORK = {"_target_": "SEResNet50", "spatial_dims": "@dims", "in_channels": 1, "num_classes": "$len(@names)"}


@pytest.fixture
def bundle(tmp_path) -> Path:
    (tmp_path / "configs").mkdir()
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "model.pt").touch()
    return tmp_path


def configure(bundle: Path, name: str = "inference.json", **content: object) -> Path:
    (bundle / "configs" / name).write_text(json.dumps(content))
    return bundle / "models" / "model.pt"


def test_the_network_def_of_the_bundle_is_built_and_takes_its_weights(bundle):
    torch.manual_seed(0)
    trained = SEResNet50(spatial_dims=2, in_channels=1, num_classes=3)
    dims = "$int(os.path.basename('2'))"
    model = configure(bundle, imports=["$import os"], dims=dims, names="abc", network_def=NETWORK)
    torch.save(trained.state_dict(), model)
    network = bundle_network(model)
    load_weights(network, model)
    x = torch.rand(1, 1, 32, 32)
    assert network.eval()(x).equal(trained.eval()(x))


def test_inference_goes_before_train(bundle):
    model = configure(bundle, "train.json", network_def={"_target_": "torch.nn.ReLU"})
    assert isinstance(bundle_network(model), torch.nn.ReLU)
    configure(bundle, network_def={"_target_": "torch.nn.Tanh"})
    assert isinstance(bundle_network(str(model)), torch.nn.Tanh)


def test_paths_in_the_config_are_those_of_the_bundle(bundle):
    network = {"_target_": "torch.nn.Linear", "in_features": "$len(@bundle_root)", "out_features": 1}
    model = configure(bundle, bundle_root=".", network_def=network)
    assert bundle_network(model).in_features == len(str(bundle))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"network": {}}, "has no network_def"),
        ({"network_def": 3}, "is a int, not a network"),
        ({"network_def": {"_target_": "torch.nn.Linear"}}, "cannot be built"),
    ],
)
def test_what_is_wrong_with_a_bundle_is_said_in_one_line(bundle, content, words):
    model = configure(bundle, **content)
    with pytest.raises(InputError, match=words) as caught:
        bundle_network(model)
    assert "inference.json" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_in_no_bundle_is_named(tmp_path):
    with pytest.raises(InputError, match="is in no bundle"):
        bundle_network(tmp_path / "model.pt")
    with pytest.raises(InputError, match="--teacher_ckpt"):
        bundle_network(None)
