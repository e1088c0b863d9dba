# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""A run is packed, downloaded, imported, checked by MONAI's own commands, and used on a new image."""

from __future__ import annotations

import csv
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from monai.bundle import ConfigWorkflow, download, verify_metadata
from PIL import Image

from monai_medtex.networks import ExplainedClassifier

NAME = "fundus_ward"


@pytest.fixture
def pack(bundle, trained, tmp_path) -> Callable[..., Path]:
    """Pack a copy of the finished run and give the zip."""
    run = Path(shutil.copytree(trained.folder, tmp_path / "run"))

    def start(**override: object) -> Path:
        bundle("pack", "pack", **{"run_dir": str(run), "name": NAME, "output_dir": str(tmp_path), **override})
        return tmp_path / f"{NAME}_v1.0.0.zip"

    return start


@pytest.fixture
def gone(trained, tmp_path, monkeypatch) -> Callable[[], None]:
    """Where a bundle goes there is neither the run nor its home folder."""

    def leave() -> None:
        shutil.rmtree(tmp_path / "run")
        monkeypatch.setenv("MONAI_MEDTEX_HOME", str(tmp_path / "elsewhere"))

    return leave


@pytest.mark.usefixtures("logging_kept")
def test_a_packed_run_is_downloaded_checked_loaded_and_used(
    pack, gone, network, checked, tmp_path, shared_data, monkeypatch
):
    path = pack()
    gone()
    download(name=NAME, url=path.as_uri(), bundle_dir=str(tmp_path / "hub"), progress=False)
    root = tmp_path / "hub" / NAME
    metadata = root / "configs" / "metadata.json"
    schema = shared_data / "schema" / "meta_schema_20240725.json"
    if schema.is_file():
        verify_metadata(meta_file=str(metadata), filepath=shutil.copy(schema, tmp_path))
    checked(root, network, torch.rand(2, 3, 32, 32))
    monkeypatch.chdir(root)
    check_inference(root / "configs" / "inference.json", network, tmp_path)


def check_inference(config: Path, network: ExplainedClassifier, folder: Path) -> None:
    """A new photograph of the run's size gets the probabilities that the run's network gives it."""
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    (folder / "new").mkdir()
    Image.fromarray(pixels).save(folder / "new" / "patient.png")
    workflow = ConfigWorkflow(
        str(config),
        workflow_type="inference",
        logging_file=False,
        dataset_dir=str(folder / "new"),
        amp=False,
        output_dir=str(folder / "results"),
    )
    workflow.initialize()
    workflow.run()
    results = folder / "results" / "inference"
    with (results / "predictions.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    image = torch.from_numpy(pixels.transpose(2, 1, 0).astype(np.float32) / 255)[None]
    with torch.no_grad():
        expected = network(image).softmax(dim=1)[0].tolist()
    assert [float(row["normal"]), float(row["abnormal"])] == pytest.approx(expected, abs=1e-5)
    assert (results / "theta" / "patient_theta.nii.gz").is_file()


def test_a_packed_run_publishes_its_figures_and_no_image(pack, trained, fundus):
    path = pack(authors="A ward", title="Fundus of a ward")
    with zipfile.ZipFile(path) as archive:
        files = {name.removeprefix(f"{NAME}/"): archive.read(name) for name in archive.namelist()}
    metadata, card = json.loads(files["configs/metadata.json"]), files["docs/README.md"].decode()
    summary = json.loads((trained.folder / "evaluation" / "summary.json").read_text())["metrics"]
    figures = metadata["eval_metrics"]
    # the table has single precision and six digits, the summary comes from the networks' own numbers
    for name in ("agreement_accuracy", "label_accuracy", "teacher_label_accuracy", "iou_mean", "predictive_kl"):
        assert figures[name] == pytest.approx(summary[name], rel=1e-4), name
        assert figures[f"{name}_ci95_low"] <= figures[name] <= figures[f"{name}_ci95_high"]
    assert figures["iou_chance"] == pytest.approx(summary["iou_chance"], rel=1e-4)
    assert (metadata["name"], metadata["authors"]) == ("Fundus of a ward", "A ward")
    assert "mean IoU that random pixels reach" in card
    names = {file.name for file in (fundus / "images").iterdir()} | {
        str(fundus),
        str(trained.folder),
        str(trained.home),
    }
    texts = {path: content.decode() for path, content in files.items() if not path.endswith(".pt")}
    assert not [(path, name) for path, text in texts.items() for name in names if name in text]


def test_a_received_bundle_is_that_which_was_packed(pack, bundle, tmp_path):
    path = pack()
    bundle("receive", "receive", zip_file=str(path), output_dir=str(tmp_path / "bundles"))
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            assert (tmp_path / "bundles" / name).read_bytes() == archive.read(name)


def test_says_in_one_line_why_a_run_is_not_packed(pack, one_line, tmp_path):
    with one_line("/srv/ward", "must not leave the house"):
        pack(description="see /srv/ward/list.csv")
    with one_line("run_dir"):
        pack(run_dir=None)
    with one_line("name"):
        pack(name=None)
    assert not list(tmp_path.glob("*.zip"))


def test_says_in_one_line_why_a_bundle_is_not_received(bundle, one_line, tmp_path):
    path = tmp_path / "net_v1.0.0.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("net/configs/metadata.json", "{}")
        archive.writestr("net/../../escaped.txt", "x")
    with one_line("zip_file", "escaped.txt", "refused"):
        bundle("receive", "receive", zip_file=str(path), output_dir=str(tmp_path / "bundles"))
    assert {each.name for each in tmp_path.iterdir()} == {"net_v1.0.0.zip", "workplace"}
