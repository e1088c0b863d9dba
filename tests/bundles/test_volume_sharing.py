# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""A run on volumes is exported, packed, downloaded, checked by MONAI's own commands, and used on a new volume."""

from __future__ import annotations

import csv
import itertools
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest
import torch
from monai.bundle import ConfigWorkflow, download, verify_metadata, verify_net_in_out

from monai_medtex.networks import BlockCNN, ExplainedClassifier, Explainer

BUNDLE = Path(__file__).resolve().parents[2] / "bundles" / "medtex_volume"
TINY = {"patch_size": [16, 17, 18], "patches_per_volume": 1, "epochs": 1, "teacher_epochs": 1, "batch_size": 6}
NAME = "volumes_ward"
AFFINE = np.array([[-2.0, 0, 0, 90], [0, -3, 0, 50], [0, 0, 4, -70], [0, 0, 0, 1]])


def config(name: str) -> list[str]:
    return [str(BUNDLE / "configs" / f"{name}.json")]


@pytest.fixture(scope="module")
def trained(train_once, volumes) -> Path:
    """The folder of a finished run."""
    return train_once(*config("train"), dataset_dir=str(volumes), **TINY).folder


@pytest.fixture
def network(trained) -> ExplainedClassifier:
    """The pair of the finished run."""
    network = ExplainedClassifier(Explainer(3, 1, 1, (4, 8, 16)), BlockCNN(3, 1, 2, (2, 4, 8, 16)))
    network.load_state_dict(torch.load(trained / "model.pt", weights_only=True))
    return network.eval()


@pytest.fixture
def run(trained, tmp_path) -> Path:
    """A copy of the finished run."""
    return Path(shutil.copytree(trained, tmp_path / "run"))


@pytest.fixture
def pack(bundle, run, tmp_path) -> Callable[..., Path]:
    """Pack the run and give the zip."""

    def start(**override: object) -> Path:
        options = {"run_dir": str(run), "name": NAME, "output_dir": str(tmp_path), "bundle_root": str(BUNDLE)}
        bundle("pack", *config("pack"), **{**options, **override})
        return tmp_path / f"{NAME}_v1.0.0.zip"

    return start


@pytest.mark.usefixtures("logging_kept")
def test_a_packed_run_is_downloaded_checked_loaded_and_used(pack, run, network, checked, tmp_path, monkeypatch):
    path = pack()
    shutil.rmtree(run)
    monkeypatch.setenv("MONAI_MEDTEX_HOME", str(tmp_path / "elsewhere"))
    download(name=NAME, url=path.as_uri(), bundle_dir=str(tmp_path / "hub"), progress=False)
    root = tmp_path / "hub" / NAME
    formats = json.loads((root / "configs" / "metadata.json").read_text())
    image = formats["network_data_format"]["inputs"]["image"]
    assert (image["spatial_shape"], image["is_patch_data"], image["num_channels"]) == ([16, 17, 18], True, 1)
    assert formats["explainer_data_format"]["outputs"]["theta"]["spatial_shape"] == [16, 17, 18]
    checked(root, network, torch.rand(2, 1, 16, 17, 18))
    monkeypatch.chdir(root)
    check_inference(network, tmp_path)


def answered(folder: Path, stored: np.ndarray, affine: np.ndarray, **options: object) -> tuple[dict[str, str], Path]:
    """Use the packed bundle in the working directory on a new volume of two windows; give answer and results."""
    (folder / "new").mkdir()
    nibabel.save(nibabel.Nifti1Image(stored, affine), folder / "new" / "patient.nii.gz")
    options |= {"dataset_dir": str(folder / "new"), "output_dir": str(folder / "results"), "overlap": 0}
    workflow = ConfigWorkflow(
        "configs/inference.json", workflow_type="inference", logging_file=False, device=torch.device("cpu"), **options
    )
    workflow.initialize()
    workflow.run()
    results = folder / "results" / "inference"
    with (results / "predictions.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    return row, results


def check_inference(network: ExplainedClassifier, folder: Path) -> None:
    """A new volume gets the probabilities of its least normal window; of two halves, each is a window."""
    voxels = np.random.default_rng(0).integers(0, 1000, (32, 17, 18), dtype=np.int16)
    row, results = answered(folder, voxels[::-1, ::-1], AFFINE, amp=False)
    image = torch.from_numpy((voxels / np.percentile(voxels, 99.9)).clip(0, 1)).float()
    halves = torch.stack(image.split(16))[:, None]
    with torch.no_grad():
        answers, theta = network(halves).softmax(dim=1), network.explain(halves)
    assert float(row["normal"]) == pytest.approx(answers[:, 0].min().item(), abs=1e-5)
    written = nibabel.load(results / "theta" / "patient_theta.nii.gz")
    assert np.array_equal(written.affine, AFFINE)
    expected = torch.cat([*theta[:, 0]]).flip(0, 1)
    assert np.allclose(written.get_fdata(), expected, atol=1e-5)


def test_packed_metadata_follow_the_schema(pack, shared_data, tmp_path):
    pytest.importorskip("jsonschema")
    schema = shared_data / "schema" / "meta_schema_20240725.json"
    if not schema.is_file():
        pytest.skip("no schema beside the real images")
    with zipfile.ZipFile(pack()) as archive:
        metadata = archive.extract(f"{NAME}/configs/metadata.json", tmp_path)
    verify_metadata(meta_file=metadata, filepath=shutil.copy(schema, tmp_path))


def test_a_packed_run_publishes_its_figures_and_no_volume(pack, trained, volumes):
    with zipfile.ZipFile(pack(authors="A ward")) as archive:
        files = {name.removeprefix(f"{NAME}/"): archive.read(name) for name in archive.namelist()}
    metadata, card = json.loads(files["configs/metadata.json"]), files["docs/README.md"].decode()
    summary = json.loads((trained / "evaluation" / "summary.json").read_text())["metrics"]
    figures = metadata["eval_metrics"]
    for name in ("agreement_accuracy", "window_agreement_accuracy", "teacher_label_accuracy", "iou_mean"):
        assert figures[name] == pytest.approx(summary[name], rel=1e-4), name
    assert (metadata["authors"], metadata["data_type"]) == ("A ward", "nii")
    assert "windows of 16 x 17 x 18 voxels" in card
    texts = {path: content.decode() for path, content in files.items() if not path.endswith(".pt")}
    names = {file.name for file in (volumes / "images").iterdir()} | {str(volumes), str(trained)}
    assert not [(path, name) for path, text in texts.items() for name in names if name in text]


def test_a_received_bundle_is_that_which_was_packed(pack, bundle, tmp_path):
    path = pack()
    bundle("receive", *config("receive"), zip_file=str(path), output_dir=str(tmp_path / "bundles"))
    with zipfile.ZipFile(path) as archive:
        assert len(archive.namelist()) >= 6
        for name in archive.namelist():
            assert (tmp_path / "bundles" / name).read_bytes() == archive.read(name)


def test_what_must_not_leave_the_house_is_named(pack, run, trained, one_line, tmp_path):
    with one_line("names an image or a patient, training_0001"):
        pack(description="as in training_0001")
    teacher = json.loads((trained / "settings.json").read_text())["teacher_ckpt"]
    weights = torch.load(teacher, weights_only=True)
    (tmp_path / "extra").mkdir()
    torch.save({"student.fc.weight": weights["block1.0.weight"].bfloat16()}, tmp_path / "extra" / "more.pt")
    with one_line("the teacher's 'block1.0.weight'", "must not leave the house"):
        pack(extra_dir=str(tmp_path / "extra"))
    assert not list(tmp_path.glob("*.zip"))


@pytest.mark.usefixtures("logging_kept")
def test_a_packed_teacher_is_asked_alone_and_teaches(bundle, pack, volumes, tmp_path, monkeypatch):
    options = {**TINY, "intensity_range": [0, 1000], "dataset_dir": str(volumes)}
    workflow = bundle("training", *config("train"), *config("teacher"), **options)
    trained = Path(workflow.parser.get_parsed_content("run_dir"))
    teacher = BlockCNN(3, 1, 2, (16, 32, 64, 128)).eval()
    teacher.load_state_dict(torch.load(trained / "model.pt", weights_only=True))
    path = pack(run_dir=str(trained))
    download(name=NAME, url=path.as_uri(), bundle_dir=str(tmp_path / "hub"), progress=False)
    root = tmp_path / "hub" / NAME
    metadata = json.loads((root / "configs" / "metadata.json").read_text())
    assert metadata["task"] == "Classification of 3-D volumes"
    assert "explainer_data_format" not in metadata
    card = (root / "docs" / "README.md").read_text()
    assert "--patch_size [16,17,18] --intensity_range [0,1000] --in_channels 1" in card
    names = {
        "meta_file": str(root / "configs" / "metadata.json"),
        "config_file": str(root / "configs" / "inference.json"),
    }
    verify_net_in_out("network_def", **names, device="cpu")
    monkeypatch.chdir(root)
    halves = asked(teacher, tmp_path)
    opener = BUNDLE.parent / "medtex_fundus" / "configs" / "teachers" / "bundle.json"
    options["teacher_ckpt"] = str(root / "models" / "model.pt")
    taught = bundle("training", *config("train"), str(opener), **options).parser.get_parsed_content("teacher_network")
    assert torch.allclose(taught.cpu().eval()(halves), teacher(halves), atol=1e-6)


def asked(teacher: BlockCNN, folder: Path) -> torch.Tensor:
    """The probabilities of a new volume are the teacher's for its least normal half; return the halves."""
    voxels = np.random.default_rng(0).integers(0, 1000, (32, 17, 18), dtype=np.int16)
    row, _ = answered(folder, voxels, np.eye(4))
    halves = torch.stack((torch.from_numpy(voxels).float() / 1000).split(16))[:, None]
    with torch.no_grad():
        normal = teacher(halves).softmax(dim=1)[:, 0].min().item()
    assert float(row["normal"]) == pytest.approx(normal, abs=1e-5)
    return halves


@pytest.mark.parametrize("name", ["pack", "receive"])
def test_both_bundles_share_these_configs(name):
    fundus = BUNDLE.parent / "medtex_fundus" / "configs" / f"{name}.json"
    assert Path(*config(name)).read_text() == fundus.read_text()


@pytest.mark.parametrize("own", [False, True], ids=["synthetic", "own"])
def test_a_run_is_exported_for_windows_beside_its_weights(bundle, run, network, volumes, own):
    images = {"dataset_dir": str(volumes)} if own else {}
    bundle("export", *config("export"), run_dir=str(run), formats=["ts", "pt2"], parity_images=3, **images)
    report = json.loads((run / "export.json").read_text())
    assert (report["source"], report["images"]) == ("own" if own else "synthetic", 3)
    assert report["image_shape"] == [1, 16, 17, 18]
    costs = json.loads((run / "evaluation" / "summary.json").read_text())["networks"]["teacher"]
    assert {key: report["networks"]["teacher"][key] for key in costs} == costs
    assert all(max(entry["largest_difference"].values()) <= 1e-4 for entry in report["files"].values())
    programs = [torch.jit.load(run / "model_theta.ts"), torch.export.load(run / "model_theta.pt2").module()]
    for program, count in itertools.product(programs, (1, 5)):
        windows = torch.rand(count, 1, 16, 17, 18)
        with torch.no_grad():
            logits, theta = program(windows)
            assert torch.allclose(logits, network(windows), atol=1e-5)
            assert torch.allclose(theta, network.explain(windows), atol=1e-5)


def test_the_export_builds_the_network_of_the_inference():
    export, inference = (json.loads(Path(*config(name)).read_text()) for name in ("export", "inference"))
    shared = set(export) & set(inference) - {"imports", "datalist", "dataset", "run"}
    assert {"network_def", "explainer", "student", "preprocessing", "ckpt_path", "window"} <= shared
    assert {key: export[key] for key in shared} == {key: inference[key] for key in shared}
