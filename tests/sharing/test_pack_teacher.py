# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""The headquarters packs the run of a teacher: there its weights are what is shared."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from monai.bundle import ConfigParser

from monai_medtex.networks import BlockCNN, adapt_teacher
from monai_medtex.sharing import measured, open_run, pack
from monai_medtex.utils import InputError, save_tensors

BUNDLE = Path(__file__).resolve().parents[2] / "bundles" / "medtex_fundus"
# label, the teacher's class
ANSWERS = {"P0001": (0, 0), "P0002": (1, 1), "P0003": (2, 1), "7": ("", 2)}


@pytest.fixture
def teacher_run(run, images, teacher) -> Path:
    """The run made over into a teacher's, with an evaluation."""
    settings = json.loads((run / "settings.json").read_text())
    kept = ("dataset_dir", "data", "test_fraction", "val_fraction", "image_size", "in_channels", "class_names")
    own = {"teacher_epochs": 2, "teacher_channels": [8, 8, 8, 16], "teacher_input": {}, "activation": "softmax"}
    (run / "settings.json").write_text(json.dumps({**{key: settings[key] for key in kept}, **own}))
    save_tensors(teacher.state_dict(), run / "model.pt")
    metrics = {"label_accuracy": 0.5, "label_f1": 0.5, "label_count": 3, "cross_entropy": 0.75}
    summary = {"metrics": metrics, "training_images": 2, "images": 4, "networks": {"teacher": {"parameters": 7}}}
    (run / "evaluation" / "summary.json").write_text(json.dumps(summary))
    with (run / "evaluation" / "per_image.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "label", *(f"teacher_{name}" for name in settings["class_names"])])
        for name, (label, answer) in ANSWERS.items():
            path = images / "images" / f"{name}.png"
            writer.writerow([path, label, *(0.8 if number == answer else 0.1 for number in range(3))])
    return run


@pytest.fixture
def packed(teacher_run, monkeypatch) -> Callable[..., dict[str, bytes]]:
    """Pack the run and give the files."""
    monkeypatch.setattr(sys, "path", [*sys.path])

    def start(version: str = "1.0.0", **options: object) -> dict[str, bytes]:
        path = pack(teacher_run, "hq", version, **{"card": {}, "bundle_root": BUNDLE, **options})
        with zipfile.ZipFile(path) as archive:
            return {name.removeprefix("hq/"): archive.read(name) for name in archive.namelist()}

    return start


@pytest.fixture
def refused(packed, teacher_run) -> Callable[..., None]:
    def check(*words: str, **options: object) -> None:
        with pytest.raises(InputError) as caught:
            packed(**options)
        line = str(caught.value)
        assert "\n" not in line
        assert all(word in line for word in words), line
        assert not list(teacher_run.glob("*.zip"))

    return check


def weights(files: dict[str, bytes]) -> dict[str, torch.Tensor]:
    return torch.load(io.BytesIO(files["models/model.pt"]), weights_only=True)


def test_a_teacher_is_packed_with_its_weights_and_nothing_of_a_pair(packed, teacher):
    files = packed()
    assert set(files) == {
        "LICENSE",
        "configs/inference.json",
        "configs/logging.conf",
        "configs/metadata.json",
        "docs/README.md",
        "docs/data_license.txt",
        "models/model.pt",
    }
    config = json.loads(files["configs/inference.json"])
    assert not re.search("run_dir|run_settings|explainer|theta", json.dumps(config))
    network = ConfigParser(config).get_parsed_content("network_def").eval()
    assert type(network) is BlockCNN
    network.load_state_dict(weights(files))
    images = torch.rand(2, 1, 48, 48)
    assert torch.equal(network(images), teacher.eval()(images))


def test_its_figures_are_those_of_the_images(teacher_run):
    figures = measured(open_run(teacher_run))
    values = {name: figure["value"] for name, figure in figures.items()}
    # of three labelled images two are right; F1 of the classes: 1, 2 * 1 / 3 and 0
    expected = {"label_accuracy": 2 / 3, "label_f1": 5 / 9, "label_count": 3, "cross_entropy": 0.75}
    assert values == pytest.approx(expected)
    assert figures["label_accuracy"]["images"] == 3
    assert figures["label_accuracy"]["value_low"] <= 2 / 3 <= figures["label_accuracy"]["value_high"]


def test_metadata_and_card_speak_of_the_teacher(packed):
    files = packed(card={"authors": "The headquarters"})
    metadata, card = json.loads(files["configs/metadata.json"]), files["docs/README.md"].decode()
    assert metadata["task"] == "Classification of 2-D images"
    assert "explainer_data_format" not in metadata
    assert metadata["network_data_format"]["outputs"]["pred"]["num_channels"] == 3
    assert metadata["eval_metrics"]["label_accuracy"] == pytest.approx(2 / 3, rel=1e-5)
    assert "| accuracy against labels | 0.667" in card
    assert "Trained on 2 images, tested on 4 others." in card
    assert "--image_size 48 --in_channels 1 --class_names \"['none','mild','severe']\"" in card
    assert "theta" not in card


def test_the_card_names_the_config_of_the_task(packed, change_settings, teacher_run):
    command = "python -m monai.bundle run training --config_file"
    assert f"{command} \"['train.json','teachers/bundle.json']\"" in packed()["docs/README.md"].decode()
    (teacher_run / "evaluation" / "per_image.csv").unlink()
    change_settings({"activation": "sigmoid", "dataset_dir": None})
    card = packed("1.0.1")["docs/README.md"].decode()
    assert f"{command} \"['train.json','multilabel.json','teachers/bundle.json']\"" in card


def test_metadata_follow_the_schema(packed, shared_data):
    jsonschema = pytest.importorskip("jsonschema")
    schema = shared_data / "schema" / "meta_schema_20240725.json"
    if not schema.is_file():
        pytest.skip("no schema beside the real images")
    jsonschema.validate(json.loads(packed()["configs/metadata.json"]), json.loads(schema.read_text()))


def test_refuses_what_is_no_weight_of_the_teacher(refused, teacher_run, teacher, tmp_path):
    save_tensors({**teacher.state_dict(), "patients": torch.rand(3)}, teacher_run / "model.pt")
    refused("does not fit", "patients")
    torch.save(torch.nn.Linear(2, 2), teacher_run / "model.pt")
    refused("model.pt", "pickled objects")
    save_tensors(teacher.state_dict(), teacher_run / "model.pt")
    extra = tmp_path / "extra"
    (extra / "models").mkdir(parents=True)
    save_tensors({"features": torch.rand(3)}, extra / "models" / "features.pt")
    refused("features.pt", "no weight of the teacher", extra_dir=extra)


@pytest.mark.parametrize(
    ("card", "word"),
    [({"data_source": "as in /srv/ward/list.csv"}, "/srv/ward"), ({"limits": ["of Jones"]}, "jones")],
)
def test_refuses_paths_and_identifiers(refused, card, word):
    refused(word, "must not leave the house", card=card)


def test_refuses_event_files(refused, tmp_path):
    (tmp_path / "extra").mkdir()
    (tmp_path / "extra" / "events.out.tfevents.1.host").write_bytes(b"x")
    refused("event file", extra_dir=tmp_path / "extra")


def test_a_teacher_of_ones_own_comes_from_its_config_file_with_the_runs_settings(
    packed, refused, teacher_run, change_settings, tmp_path
):
    """The config file is that of the ResNet18, with a network that is sooner packed."""
    config = json.loads((BUNDLE / "configs" / "teachers" / "resnet18.json").read_text())
    inner = config["teacher_network"]["network"]
    channels = inner["n_input_channels"]
    config["teacher_network"]["network"] = {
        "_target_": "monai_medtex.networks.BlockCNN",
        **{"spatial_dims": 2, "in_channels": channels, "num_classes": "@num_classes", "channels": [2, 2, 4]},
    }
    (tmp_path / "own.json").write_text(json.dumps(config))
    network = BlockCNN(2, 3, 3, (2, 2, 4)).eval()
    save_tensors(network.state_dict(), teacher_run / "model.pt")
    teacher_input = {"spatial_size": 64, "channels": 3, "mean": 0.5}
    change_settings({"teacher_channels": None, "teacher_input": teacher_input, "teacher": "own"})
    refused("--configs")
    files = packed(configs=str(tmp_path / "own.json"))
    received = ConfigParser(json.loads(files["configs/inference.json"])).get_parsed_content("network_def").eval()
    received.load_state_dict(weights(files))
    images = torch.rand(2, 1, 48, 48)
    assert torch.equal(received(images), adapt_teacher(network, teacher_input)(images))
