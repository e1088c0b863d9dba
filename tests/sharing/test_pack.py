# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import io
import json
import re
import shutil
import sys
import zipfile
from collections.abc import Callable
from importlib.metadata import version as installed
from pathlib import Path

import pytest
import torch
from monai.bundle import ConfigParser

from monai_medtex.networks import ConstantBaseline
from monai_medtex.sharing import pack, receive
from monai_medtex.utils import InputError, save_tensors

BUNDLE = Path(__file__).resolve().parents[2] / "bundles" / "medtex_fundus"


@pytest.fixture
def packed(run, monkeypatch) -> Callable[..., dict[str, bytes]]:
    """Pack the run and give the files."""
    monkeypatch.setattr(sys, "path", [*sys.path])

    def start(version: str = "1.0.0", **options: object) -> dict[str, bytes]:
        path = pack(run, "ward", version, **{"card": {}, "bundle_root": BUNDLE, **options})
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    return start


@pytest.fixture
def refused(packed, run) -> Callable[..., None]:
    def check(*words: str, **options: object) -> None:
        before = {path.name for path in run.iterdir()}
        with pytest.raises(InputError) as caught:
            packed(**options)
        line = str(caught.value)
        assert "\n" not in line
        assert all(word in line for word in words), line
        assert {path.name for path in run.iterdir()} == before

    return check


def metadata(files: dict[str, bytes]) -> dict:
    return json.loads(files["ward/configs/metadata.json"])


def test_a_packed_run_has_the_zoos_layout_and_nothing_else(packed, run):
    assert set(packed()) == {
        "ward/LICENSE",
        "ward/configs/inference.json",
        "ward/configs/logging.conf",
        "ward/configs/metadata.json",
        "ward/docs/README.md",
        "ward/docs/data_license.txt",
        "ward/models/model.pt",
    }
    assert (run / "ward_v1.0.0.zip").is_file()


def test_inference_stands_alone_and_builds_the_runs_network(packed, network):
    files = packed()
    config = json.loads(files["ward/configs/inference.json"])
    assert not re.search("run_dir|run_settings", json.dumps(config))
    assert (config["image_size"], config["in_channels"], config["theta_channels"]) == (48, 1, 1)
    assert config["class_names"] == ["none", "mild", "severe"]
    assert (config["baseline"], config["baseline_settings"]) == ("constant", {"constant": {"value": 0.5}})
    built = ConfigParser(config).get_parsed_content("network_def")
    built.load_state_dict(torch.load(io.BytesIO(files["ward/models/model.pt"]), weights_only=True))
    assert isinstance(built.baseline, ConstantBaseline)
    images, theta = torch.rand(2, 1, 48, 48), torch.zeros(2, 1, 48, 48)
    assert torch.equal(built.eval().explain(images), network.eval().explain(images))
    grey = torch.full_like(images, 0.5)
    assert torch.equal(built.classify(images, theta), network.student(grey))


def test_equal_runs_give_equal_bytes_that_tell_no_time(packed, run, tmp_path):
    for folder in ("a", "b"):
        packed(output_dir=tmp_path / folder)
    paths = [tmp_path / folder / "ward_v1.0.0.zip" for folder in ("a", "b")]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    with zipfile.ZipFile(paths[0]) as archive:
        assert {member.date_time[0] for member in archive.infolist()} == {1980}


def test_metadata_are_those_of_the_run(packed, run):
    summary = {
        "metrics": {"iou_mean": 0.25},
        "versions": {"monai": "1.7.9", "torch": "2.99.0+cpu", "monai_medtex": "0.0.9"},
    }
    (run / "evaluation" / "summary.json").write_text(json.dumps(summary))
    found = metadata(packed(card={"authors": "A ward", "modality": "ultrasound"}))
    assert (found["version"], found["changelog"]) == ("1.0.0", {"1.0.0": "first version"})
    assert (found["monai_version"], found["pytorch_version"]) == ("1.7.9", "2.99.0")
    assert found["numpy_version"] == installed("numpy")
    required = found["required_packages_version"]
    assert required["monai_medtex"] == "0.0.9"
    assert required["pytorch-ignite"] == installed("pytorch-ignite")
    assert found["eval_metrics"] == {"iou_mean": 0.25}
    assert (found["authors"], found["copyright"], found["data_type"]) == ("A ward", "not stated", "png")
    image = found["network_data_format"]["inputs"]["image"]
    assert (image["num_channels"], image["spatial_shape"], image["modality"]) == (1, [48, 48], "ultrasound")
    assert image["channel_def"] == {"0": "intensity"}
    prediction = found["network_data_format"]["outputs"]["pred"]
    assert (prediction["num_channels"], prediction["channel_def"]) == (3, {"0": "none", "1": "mild", "2": "severe"})
    assert found["explainer_data_format"]["outputs"]["theta"]["num_channels"] == 1


def test_metadata_follow_the_schema(packed, shared_data):
    jsonschema = pytest.importorskip("jsonschema")
    schema = shared_data / "schema" / "meta_schema_20240725.json"
    if not schema.is_file():
        pytest.skip("no schema beside the real images")
    jsonschema.validate(metadata(packed()), json.loads(schema.read_text()))


def test_model_card_says_what_was_measured_and_what_was_not(packed, run):
    (run / "evaluation" / "summary.json").write_text(
        json.dumps({"metrics": {"agreement_accuracy": 0.875}, "training_images": 2, "images": 8})
    )
    card = packed(card={"title": "Ward", "limits": "Not for children.", "data_source": "Scans of 2025."})
    text = card["ward/docs/README.md"].decode()
    assert "# Ward" in text
    assert "| same answer as the teacher (agreement) | 0.875 |" in text
    assert "Distilled on 2 images, tested on 8 others." in text
    assert "Not measured: no test image has a lesion mask." in text
    assert "| models/model.pt |" in text
    for section in ("Data", "Agreement", "Localisation", "Intended use", "Limits", "Changes"):
        assert f"\n## {section}" in text
    assert "- Not for children." in text
    assert "Scans of 2025." in text


def test_the_changelog_goes_on(packed, run, refused):
    packed(card={"changes": "the first"})
    first = run / "ward_v1.0.0.zip"
    files = packed("1.1.0", previous=first, card={"changes": "more images"})
    assert metadata(files)["changelog"] == {"1.0.0": "the first", "1.1.0": "more images"}
    assert "- 1.1.0: more images" in files["ward/docs/README.md"].decode()
    refused("1.0.0", previous=first, output_dir=run / "other")
    refused("previous", version="1.2.0", previous=run / "model.pt")


def test_licences_are_those_named(packed, tmp_path):
    own, data = tmp_path / "own.txt", tmp_path / "data.txt"
    own.write_text("all rights reserved")
    data.write_text("CC BY 4.0")
    files = packed(license_file=own, data_license_file=data)
    assert files["ward/LICENSE"] == b"all rights reserved"
    assert files["ward/docs/data_license.txt"] == b"CC BY 4.0"
    assert b"nothing is granted" in packed("1.0.1")["ward/docs/data_license.txt"]
    assert packed("1.0.2")["ward/LICENSE"] == (BUNDLE / "LICENSE").read_bytes()


def test_weights_bring_nothing_along(packed, run, network):
    """A tensor that views a part of a storage is saved with the whole of it."""
    secret = torch.full((1000,), 0.8125)
    weights = network.state_dict()
    name = next(iter(weights))
    storage = torch.cat([weights[name].flatten(), secret])
    weights[name] = storage[: weights[name].numel()].view_as(weights[name])
    save_tensors(weights, run / "model.pt")
    needle = secret.numpy().tobytes()
    assert needle in (run / "model.pt").read_bytes()
    content = packed()["ward/models/model.pt"]
    assert needle not in content
    assert torch.equal(torch.load(io.BytesIO(content), weights_only=True)[name], weights[name])


def test_exports_are_packed_if_there_are_any(packed, run, network):
    torch.jit.save(torch.jit.script(network.eval()), run / "model.ts")
    content = packed()["ward/models/model.ts"]
    images = torch.rand(1, 1, 48, 48)
    assert torch.equal(torch.jit.load(io.BytesIO(content))(images), network(images))


def test_what_is_packed_is_received(packed, run, network, tmp_path):
    torch.export.save(torch.export.export(network.eval(), (torch.rand(1, 1, 48, 48),)), run / "model.pt2")
    torch.jit.save(torch.jit.script(network.eval()), run / "model.ts")
    files = packed()
    folder = receive(run / "ward_v1.0.0.zip", tmp_path / "elsewhere")
    assert {f"ward/{path.relative_to(folder).as_posix()}" for path in folder.rglob("*") if path.is_file()} == set(files)


def test_refuses_the_teachers_weights(refused, run, network, teacher):
    save_tensors(teacher.state_dict(), run / "model.pt")
    refused("model.pt", "no weight of explainer and student")
    weight = max(teacher.state_dict().values(), key=torch.numel)
    save_tensors({**network.state_dict(), "student.other": weight}, run / "model.pt")
    refused("does not fit", "--configs")
    name = next(key for key, value in network.state_dict().items() if value.shape == (4, 2, 3, 3))
    (same,) = [value[:4, :2] for key, value in teacher.state_dict().items() if value.shape == (16, 8, 3, 3)]
    weights = network.state_dict()
    weights[name] = same.contiguous()
    save_tensors(weights, run / "model.pt")
    teacher_file = run.parents[1] / "teacher.pt"
    save_tensors({**teacher.state_dict(), "part": same.contiguous()}, teacher_file)
    refused(name, "the teacher's 'part'", "must not leave the house")


def test_refuses_to_guess_what_the_teacher_was(refused, run, tmp_path):
    moved = shutil.move(tmp_path / "teacher.pt", tmp_path / "moved.pt")
    refused("teacher_ckpt", "teacher.pt", "--teacher_ckpt")
    pack(run, "ward", "1.0.0", card={}, bundle_root=BUNDLE, teacher_ckpt=moved)


def test_refuses_pickled_objects(refused, run):
    torch.save(torch.nn.Linear(2, 2), run / "model.pt")
    refused("model.pt", "pickled objects")


@pytest.mark.parametrize(
    ("card", "word"),
    [
        ({"data_source": "as in /srv/ward/list.csv"}, "/srv/ward"),
        ({"description": "such as P0003"}, "p0003"),
        ({"limits": ["of Jones"]}, "jones"),
        ({"authors": "7.png"}, "7.png"),
    ],
)
def test_refuses_paths_and_identifiers_in_the_texts(refused, card, word):
    refused(word, "must not leave the house", card=card)


def test_names_of_classes_are_no_identifiers(packed, change_settings):
    change_settings({"class_names": ["none", "mild", "P0002"]})
    assert metadata(packed())["pred_classes"] == "0: none, 1: mild, 2: P0002"


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("docs/events.out.tfevents.1.host", b"x", "event file"),
        ("docs/explained.png", b"x", "no text and no model"),
        ("docs/table.csv", b"image,theta\nP0001.png,0.5\n", "p0001"),
        ("configs/train.json", b'{"dataset_dir": "/srv/ward/images"}', "/srv/ward"),
        ("models/teacher.pt", b"x", "models/teacher.pt"),
    ],
)
def test_refuses_what_is_added(refused, packed, tmp_path, name, content, word):
    extra = tmp_path / "extra"
    (extra / name).parent.mkdir(parents=True)
    (extra / name).write_bytes(content)
    refused(name, word, extra_dir=extra)


def test_what_is_added_comes_along_but_no_links(refused, packed, tmp_path):
    extra = tmp_path / "extra" / "docs"
    extra.mkdir(parents=True)
    (extra / "README.md").write_text("my own card")
    assert packed(extra_dir=extra.parent)["ward/docs/README.md"] == b"my own card"
    (extra / "link.md").symlink_to(extra / "README.md")
    refused("link.md", extra_dir=extra.parent, version="1.0.1")
    refused("extra_dir", extra_dir=tmp_path / "missing", version="1.0.1")


@pytest.mark.parametrize("version", ["1.0", 1.0, "1.0.0-rc", "v1.0.0"])
def test_versions_are_three_numbers(refused, version):
    refused("version", str(version), version=version)


@pytest.mark.parametrize("name", [None, "", "../x", "a b", "7up", "a-b"])
def test_names_fit_a_folder(run, name):
    with pytest.raises(InputError, match="name must be"):
        pack(run, name, "1.0.0", card={}, bundle_root=BUNDLE)


def test_a_version_is_packed_once(packed, refused):
    packed()
    refused("there already")


def test_networks_of_a_variant_come_from_its_config_file(run, refused, packed, change_settings):
    from monai.networks.nets import resnet18

    from monai_medtex.networks import ConstantExplainer, ExplainedClassifier

    options = {"spatial_dims": 2, "n_input_channels": 1, "num_classes": 3, "conv1_t_size": 7, "conv1_t_stride": 2}
    student = resnet18(**options, shortcut_type="B", bias_downsample=False)
    save_tensors(ExplainedClassifier(ConstantExplainer(), student).state_dict(), run / "model.pt")
    change_settings({"student_channels": None, "explainer_channels": None})
    refused("inference.json")
    config = json.loads(packed(configs="resnet18_kd.json")["ward/configs/inference.json"])
    assert config["student"]["_target_"].endswith("resnet18")
    refused("nowhere.json", configs=["nowhere.json"], version="1.0.1")
