# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

import monai_medtex
from monai_medtex.deployment import EXCHANGE_FORMATS, Exchange, ParityError, check_formats, export_pair
from monai_medtex.deployment.adaptive_pool import adaptive_average
from monai_medtex.networks import BlockCNN, ExplainedClassifier, Explainer
from monai_medtex.utils import InputError, save_tensors

SHAPE = (3, 20, 20)
HAS_ONNX = all(map(find_spec, ("onnx", "onnxscript", "onnxruntime")))
FORMATS = [
    pytest.param(name, marks=pytest.mark.skipif(name == "onnx" and not HAS_ONNX, reason="the extra onnx is missing"))
    for name in EXCHANGE_FORMATS
]


def make_pair(seed: int = 0) -> ExplainedClassifier:
    """A small pair whose normalisation has met some images, so that no layer is a mere identity."""
    torch.manual_seed(seed)
    network = ExplainedClassifier(Explainer(2, 3, 3, channels=(2, 4)), BlockCNN(2, 3, 2, (2, 4)))
    with torch.no_grad():
        for _ in range(3):
            network(torch.rand(4, *SHAPE))
    return network.eval()


@pytest.fixture(scope="module")
def pair() -> ExplainedClassifier:
    return make_pair()


@pytest.fixture
def export(tmp_path) -> Callable[..., dict]:
    def write(network: ExplainedClassifier, **options: object) -> dict:
        save_tensors(network.state_dict(), tmp_path / "model.pt")
        settings = {"source": "random", "class_names": ["normal", "abnormal"], **options}
        return export_pair(network, tmp_path / "model.pt", torch.rand(3, *SHAPE), **settings)

    return write


@pytest.fixture(scope="module")
def exported(pair, tmp_path_factory) -> Path:
    """All files that can be written here."""
    folder = tmp_path_factory.mktemp("exported")
    save_tensors(pair.state_dict(), folder / "model.pt")
    formats = [name for name in EXCHANGE_FORMATS if name != "onnx" or HAS_ONNX]
    images = torch.rand(3, *SHAPE)
    names = ["normal", "abnormal"]
    export_pair(pair, folder / "model.pt", images, source="random", class_names=names, formats=formats)
    return folder


def run(file: Path, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Run a file as its users would."""
    if file.suffix == ".onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
        return tuple(map(torch.from_numpy, session.run(None, {"image": images.numpy()})))
    with torch.no_grad():
        network = torch.jit.load(file) if file.suffix == ".ts" else torch.export.load(file).module()
        answer = network(images)
    return answer if isinstance(answer, tuple) else (answer,)


@pytest.mark.parametrize("suffix", FORMATS)
def test_files_answer_as_the_network_in_three_dimensions(tmp_path, suffix):
    """The student's map of 3 voxels a side is averaged to 2, in parts that overlap."""
    torch.manual_seed(0)
    pair = ExplainedClassifier(Explainer(3, 1, 1, channels=(2, 4)), BlockCNN(3, 1, 2, (2, 4))).eval()
    save_tensors(pair.state_dict(), tmp_path / "model.pt")
    windows = torch.rand(3, 1, 13, 14, 20)
    names = ["normal", "abnormal"]
    export_pair(pair, tmp_path / "model.pt", windows, source="random", class_names=names, formats=[suffix])
    found = run(tmp_path / f"model_theta.{suffix}", windows)
    with torch.no_grad():
        for part, expected in zip(found, (pair(windows), pair.explain(windows)), strict=True):
            assert torch.allclose(part, expected, atol=1e-5)


@pytest.mark.parametrize("size", [(6, 7, 11), (5, 2, 1), (3, 3)])
def test_slices_average_as_adaptive_pooling_does(size):
    x = torch.rand(2, 3, *size)
    pool = torch.nn.functional.adaptive_avg_pool3d if len(size) == 3 else torch.nn.functional.adaptive_avg_pool2d
    torch.testing.assert_close(adaptive_average(x, [2] * len(size)), pool(x, 2))


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("count", [1, 5])
def test_files_answer_as_the_network_for_any_number_of_images(exported, pair, suffix, count):
    images = torch.rand(count, *SHAPE)
    with torch.no_grad():
        logits, theta = pair(images), pair.explain(images)
    (alone,) = run(exported / f"model.{suffix}", images)
    both = run(exported / f"model_theta.{suffix}", images)
    assert theta.std() > 1e-3
    for found, expected in [(alone, logits), (both[0], logits), (both[1], theta)]:
        assert found.shape == expected.shape
        assert torch.allclose(found, expected, atol=1e-5)


def contents(file: Path) -> bytes:
    """All bytes of a file, and of its members where it is an archive."""
    if not zipfile.is_zipfile(file):
        return file.read_bytes()
    with zipfile.ZipFile(file) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())


@pytest.mark.parametrize("suffix", FORMATS)
def test_files_hold_no_path_of_this_machine(exported, suffix):
    folders = {Path(torch.__file__).parents[1], Path(monai_medtex.__file__).parents[1], exported, Path.home()}
    for name in ("model", "model_theta"):
        content = contents(exported / f"{name}.{suffix}")
        assert b"site-packages" not in content
        assert not [folder for folder in folders if str(folder).encode() in content]


def test_an_exported_program_holds_no_example(exported):
    program = torch.export.load(exported / "model.pt2")
    assert program.example_inputs is None


def test_files_name_the_classes(exported):
    extra = {"class_names": "", "image_shape": ""}
    torch.jit.load(exported / "model_theta.ts", _extra_files=extra)
    assert json.loads(extra["class_names"]) == ["normal", "abnormal"]
    assert json.loads(extra["image_shape"]) == list(SHAPE)


@pytest.mark.skipif(not HAS_ONNX, reason="the extra onnx is missing")
def test_onnx_names_classes_inputs_and_outputs(exported):
    import onnxruntime

    session = onnxruntime.InferenceSession(exported / "model_theta.onnx", providers=["CPUExecutionProvider"])
    assert json.loads(session.get_modelmeta().custom_metadata_map["class_names"]) == ["normal", "abnormal"]
    assert [(value.name, value.shape) for value in session.get_inputs()] == [("image", ["batch", *SHAPE])]
    assert [value.name for value in session.get_outputs()] == ["logits", "theta"]


def test_the_report_says_what_was_compared(exported):
    report = json.loads((exported / "export.json").read_text())
    assert (report["images"], report["source"], report["tolerance"]) == (3, "random", 1e-4)
    assert set(report["networks"]) == {"student", "explainer", "deployed"}
    assert report["networks"]["deployed"]["file_bytes"] == (exported / "model.pt").stat().st_size
    for name, entry in report["files"].items():
        assert entry["bytes"] == (exported / name).stat().st_size
        assert list(entry["largest_difference"]) == entry["outputs"]
        assert max(entry["largest_difference"].values()) <= 1e-4


def test_a_file_that_answers_differently_is_refused_and_not_left(export, tmp_path, monkeypatch):
    honest = EXCHANGE_FORMATS["ts"]
    other = make_pair(seed=1)
    monkeypatch.setitem(EXCHANGE_FORMATS, "ts", Exchange(honest.write, lambda _: lambda images: (other(images),)))
    with pytest.raises(ParityError, match=r"^model\.ts is not written: its logits differ by .* on 3 images"):
        export(make_pair(), formats=["ts"])
    assert {path.name for path in tmp_path.iterdir()} == {"model.pt"}


def test_an_answer_that_is_no_number_is_refused(export, monkeypatch):
    honest = EXCHANGE_FORMATS["ts"]
    broken = Exchange(honest.write, lambda _: lambda images: (torch.full((len(images), 2), float("nan")),))
    monkeypatch.setitem(EXCHANGE_FORMATS, "ts", broken)
    with pytest.raises(ParityError, match="logits differ by nan"):
        export(make_pair(), formats=["ts"])


@pytest.mark.parametrize("formats", [["ts", "tflite"], [], "ts"])
def test_unknown_formats_are_named(formats):
    with pytest.raises(InputError, match="formats must be a list of ts, onnx, pt2 but is"):
        check_formats(formats)


def test_what_onnx_needs_is_named_in_one_line(monkeypatch):
    monkeypatch.setattr("monai_medtex.deployment.exchange.find_spec", lambda name: None if name == "onnxscript" else 1)
    with pytest.raises(InputError) as caught:
        check_formats(["ts", "onnx"])
    assert str(caught.value) == (
        "ONNX needs onnxscript: pip install 'monai_medtex[onnx]', or leave it out with --formats \"['ts']\""
    )
    check_formats(["ts", "pt2"])


def test_weights_are_loaded_from_the_file(tmp_path):
    trained, fresh = make_pair(seed=1), make_pair(seed=2)
    save_tensors(trained.state_dict(), tmp_path / "model.pt")
    images = torch.rand(2, *SHAPE)
    export_pair(fresh, tmp_path / "model.pt", images, source="random", class_names=["a", "b"], formats=["ts"])
    written = torch.jit.load(io.BytesIO((tmp_path / "model.ts").read_bytes()))
    with torch.no_grad():
        assert torch.allclose(written(images), trained(images), atol=1e-6)
