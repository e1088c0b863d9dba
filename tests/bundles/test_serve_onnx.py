# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""The example that serves the pair without torch."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from monai.bundle import ConfigParser
from monai.data import MetaTensor
from monai.transforms import Invertd
from PIL import Image

from monai_medtex.deployment import EXCHANGE_FORMATS, WithTheta
from monai_medtex.deployment.exchange import Traced
from monai_medtex.networks import BlockCNN, ExplainedClassifier, Explainer

SIDE = 24
SCRIPT = Path(__file__).resolve().parents[2] / "bundles" / "medtex_fundus" / "docs" / "serve_onnx.py"
for package in ("onnx", "onnxscript", "onnxruntime"):
    pytest.importorskip(package, reason="the extra onnx is missing")


@pytest.fixture(scope="module")
def serve() -> ModuleType:
    spec = importlib.util.spec_from_file_location("serve_onnx", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def pair() -> ExplainedClassifier:
    torch.manual_seed(0)
    network = ExplainedClassifier(Explainer(2, 3, 3, channels=(2, 4)), BlockCNN(2, 3, 2, (2, 4)))
    with torch.no_grad():
        network(torch.rand(4, 3, SIDE, SIDE))
    return network.eval()


@pytest.fixture(scope="module")
def model(pair, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("model") / "model_theta.onnx"
    about = {"class_names": json.dumps(["normal", "abnormal"]), "activation": json.dumps("softmax")}
    traced = Traced(WithTheta(pair).eval(), (3, SIDE, SIDE), ("logits", "theta"), about)
    EXCHANGE_FORMATS["onnx"].write(traced, path)
    return path


@pytest.fixture(params=[(50, 36), (17, 41), (SIDE, SIDE), (7, 5)], ids=str)
def file(request, tmp_path) -> Path:
    width, height = request.param
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photograph.png")
    return tmp_path / "photograph.png"


def eager(pair: ExplainedClassifier, file: Path, configs) -> tuple[torch.Tensor, torch.Tensor]:
    """What inference.json gives: probabilities, and theta on the image's own pixels."""
    parser = ConfigParser(ConfigParser.load_config_files(configs("inference")))
    parser["image_size"] = SIDE
    preprocessing = parser.get_parsed_content("preprocessing")
    item = preprocessing({"image": str(file)})
    with torch.no_grad():
        theta = pair.explain(item["image"].as_tensor()[None])
        logits = pair.classify(item["image"].as_tensor()[None], theta)
    item["theta"] = MetaTensor(theta[0].mean(dim=0, keepdim=True))
    invert = Invertd("theta", preprocessing, orig_keys="image", nearest_interp=False)
    return logits.softmax(dim=1)[0], invert(item)["theta"].as_tensor()[0]


def test_it_answers_as_the_bundles_inference(serve, model, pair, file, configs):
    session = serve.onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    with Image.open(file) as image:
        probabilities, theta = serve.answer(session, image)
    expected, expected_theta = eager(pair, file, configs)
    assert list(probabilities) == ["normal", "abnormal"]
    assert list(probabilities.values()) == pytest.approx(expected.tolist(), abs=1e-4)
    assert theta.shape == tuple(expected_theta.shape) == Image.open(file).size
    assert np.abs(theta - expected_theta.numpy()).max() < 1e-4


def test_it_runs_where_there_is_no_torch(model, file, tmp_path):
    program = "import sys, runpy; sys.modules |= dict.fromkeys(['torch', 'monai', 'monai_medtex']); " + (
        f"sys.argv[1:] = [{str(model)!r}, {str(file)!r}]; runpy.run_path({str(SCRIPT)!r}, run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    lines = dict(line.split(": ") for line in done.stdout.splitlines()[:-1])
    assert sum(map(float, lines.values())) == pytest.approx(1, abs=1e-5)
    with Image.open(file) as image, Image.open(tmp_path / "photograph_theta.png") as theta:
        assert theta.size == image.size


@pytest.mark.parametrize(("old", "new"), [(10, 4), (7, 5), (5, 7), (3, 9), (6, 6)])
def test_resizing_by_area_is_torchs(serve, old, new):
    image = torch.rand(2, old, 8, dtype=torch.float64)
    expected = torch.nn.functional.interpolate(image[None], size=(new, 8), mode="area")[0]
    assert np.allclose(serve.area_resized(image.numpy(), -2, new), expected.numpy(), atol=1e-12)


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_probabilities_are_torchs(serve, activation):
    logits = torch.tensor([-3.0, 0.5, 4.0], dtype=torch.float64)
    expected = logits.softmax(dim=0) if activation == "softmax" else logits.sigmoid()
    assert np.allclose(serve.probabilities_of(logits.numpy(), activation), expected.numpy())
