# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from monai.bundle import onnx_export

from monai_medtex.networks import BlockCNN, ExplainedClassifier, Explainer
from monai_medtex.utils import save_tensors

SETTINGS = {
    "image_size": 32,
    "in_channels": 3,
    "class_names": ["calm", "odd", "ill"],
    "student_channels": [2, 4],
    "explainer_channels": [2, 4],
    "theta_channels": 1,
}


@pytest.fixture
def pair() -> ExplainedClassifier:
    torch.manual_seed(0)
    return ExplainedClassifier(Explainer(2, 3, 1, (2, 4)), BlockCNN(2, 3, 3, (2, 4))).eval()


@pytest.fixture
def run(pair, tmp_path) -> Path:
    """A finished run as far as an export reads it."""
    folder = tmp_path / "run"
    (folder / "evaluation").mkdir(parents=True)
    (folder / "settings.json").write_text(json.dumps(SETTINGS))
    teacher = {"parameters": 5, "macs": 6, "bytes": 20}
    (folder / "evaluation" / "summary.json").write_text(json.dumps({"networks": {"teacher": teacher}}))
    save_tensors(pair.state_dict(), folder / "model.pt")
    return folder


@pytest.mark.parametrize("own", [False, True], ids=["synthetic", "own"])
def test_a_run_is_exported_beside_its_weights(bundle, run, pair, fundus, own):
    images = {"dataset_dir": str(fundus), "parity_images": 3} if own else {"parity_images": 3}
    bundle("export", "export", run_dir=str(run), formats=["ts"], **images)
    report = json.loads((run / "export.json").read_text())
    assert (report["source"], report["images"]) == ("own" if own else "synthetic", 3)
    assert report["networks"]["teacher"]["parameters"] == 5
    assert set(report["files"]) == {"model.ts", "model_theta.ts"}
    images = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        logits, theta = torch.jit.load(run / "model_theta.ts")(images)
        assert torch.allclose(logits, pair(images), atol=1e-6)
        assert torch.allclose(theta, pair.explain(images), atol=1e-6)


def test_the_bundles_own_weights_bring_their_costs_into_its_readme(bundle, bundle_dir, tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("# Bundle\n")
    options = {"readme": str(readme), "output_dir": str(tmp_path), "formats": ["ts"], "parity_images": 2}
    bundle("export", "export", bundle_root=str(bundle_dir), **options)
    text = readme.read_text()
    # the paper's teacher has 390,466 parameters and its student 1,726; the explainer here has 113,131
    assert "| teacher | 390,466 |" in text
    assert f"| deployed pair | {1_726 + 113_131:,} |" in text
    assert "| `model.ts` | logits |" in text


def test_grey_pairs_are_compared_on_grey_images(bundle, run):
    pair = ExplainedClassifier(Explainer(2, 1, 1, (2, 4)), BlockCNN(2, 1, 3, (2, 4)))
    save_tensors(pair.state_dict(), run / "model.pt")
    bundle("export", "export", run_dir=str(run), formats=["ts"], in_channels=1, parity_images=2)
    assert json.loads((run / "export.json").read_text())["image_shape"] == [1, 32, 32]


def test_missing_weights_are_named_in_one_line(bundle, one_line):
    with one_line("ckpt_path", "nowhere.pt"):
        bundle("export", "export", ckpt_path="nowhere.pt", formats=["ts"], readme=None)


def test_it_builds_the_network_of_the_inference(configs):
    export, inference = (json.loads(Path(configs(name)[0]).read_text()) for name in ("export", "inference"))
    shared = set(export) & set(inference) - {"imports", "datalist", "run"}
    assert {"network_def", "explainer", "student", "preprocessing", "ckpt_path", "image_size"} <= shared
    assert {key: export[key] for key in shared} == {key: inference[key] for key in shared}


def test_monais_own_onnx_export_works(bundle, bundle_dir, tmp_path, configs):
    for package in ("onnx", "onnxscript"):
        pytest.importorskip(package, reason="the extra onnx is missing")
    runtime = pytest.importorskip("onnxruntime", reason="the extra onnx is missing")
    onnx_export(
        "network_def",
        filepath=str(tmp_path / "model.onnx"),
        ckpt_file=str(bundle_dir / "models" / "model.pt"),
        meta_file=configs("metadata")[0],
        config_file=configs("inference")[0],
    )
    network = ExplainedClassifier(Explainer(2, 3, 3), BlockCNN(2, 3, 2, (2, 4, 8, 16))).eval()
    network.load_state_dict(torch.load(bundle_dir / "models" / "model.pt", weights_only=True))
    image = torch.rand(1, 3, 128, 128)
    session = runtime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    (logits,) = session.run(None, {session.get_inputs()[0].name: image.numpy()})
    with torch.no_grad():
        assert torch.allclose(torch.from_numpy(logits), network(image), atol=1e-4)
