# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""MONAI's own checks and commands on the bundle."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from monai.bundle import ConfigWorkflow, ckpt_export, load, verify_metadata, verify_net_in_out

from monai_medtex.networks import ExplainedClassifier


@pytest.fixture
def published(bundle, bundle_dir, trained, tmp_path) -> Path:
    """A copy of the bundle as it would be published, with weights."""
    copy = tmp_path / "bundles" / "medtex_fundus"
    shutil.copytree(bundle_dir, copy, ignore=shutil.ignore_patterns("models"))
    (copy / "models").mkdir()
    shutil.copy(trained.folder / "model.pt", copy / "models")
    return copy


@pytest.mark.parametrize(("name", "workflow_type"), [("train", "train"), ("inference", "inference")])
def test_workflows_have_the_properties_that_monai_asks_for(configs, fundus, tmp_path, bundle, name, workflow_type):
    workflow = ConfigWorkflow(
        configs(name),
        workflow_type=workflow_type,
        logging_file=False,
        dataset_dir=str(fundus),
        output_dir=str(tmp_path / "out"),
        image_size=32,
    )
    workflow.initialize()
    assert workflow.check_properties() == []
    assert isinstance(workflow.network_def, ExplainedClassifier)


def test_metadata_follow_the_schema(configs, shared_data, tmp_path):
    pytest.importorskip("jsonschema")
    schema = shared_data / "schema" / "meta_schema_20240725.json"
    if not schema.is_file():
        pytest.skip("no schema beside the real images")
    (metadata,) = configs("metadata")
    assert json.loads(Path(metadata).read_text())["schema"].endswith(schema.name)
    verify_metadata(meta_file=metadata, filepath=shutil.copy(schema, tmp_path))


@pytest.mark.parametrize("name", ["train", "inference"])
def test_network_maps_the_metadatas_input_to_its_output(configs, name):
    (metadata,) = configs("metadata")
    verify_net_in_out("network_def", meta_file=metadata, config_file=configs(name), device="cpu")


def test_initialising_needs_no_data_and_writes_nothing(configs, bundle, bundle_home):
    for name in ("train", "inference"):
        ConfigWorkflow(configs(name), logging_file=False, dataset_dir="missing").initialize()
    assert not bundle_home.exists()
    assert not any(Path.cwd().iterdir())


def test_checkpoint_exports_to_torchscript(published, network):
    ckpt_export(
        "network_def",
        config_file=str(published / "configs" / "inference.json"),
        bundle_root=str(published),
        ckpt_file=str(published / "models" / "model.pt"),
    )
    exported = torch.jit.load(published / "models" / "model.ts", map_location="cpu").eval()
    images = torch.rand(2, 3, 40, 32)
    with torch.no_grad():
        assert torch.allclose(exported(images), network(images), atol=1e-6)
        assert torch.allclose(exported.explain(images), network.explain(images), atol=1e-6)


@pytest.mark.usefixtures("logging_kept")
@pytest.mark.parametrize("workflow_type", ["inference", "train"])
def test_bundle_loads_with_its_weights(published, network, workflow_type):
    loaded = load(published.name, bundle_dir=published.parent, workflow_type=workflow_type, device="cpu").eval()
    images = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(loaded(images), network(images))
