# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""A teacher keeps its own preprocessing, and the kind of its answers, wherever it goes."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import torch
from monai.bundle import ConfigWorkflow

from monai_medtex.networks import BlockCNN

pytestmark = pytest.mark.usefixtures("no_figure")

INPUT = {"spatial_size": 48, "mean": 0.4, "std": 0.2}
DOCUMENTED = Path(__file__).resolve().parents[2] / "docs" / "own_teacher.md"
NETWORK = "$torch.nn.Sequential(monai_medtex.networks.BlockCNN(2, @in_channels, @num_classes), torch.nn.Softmax(dim=1))"


def answers(path: Path, *columns: str) -> dict[str, list[float]]:
    """Of each image, by its name."""
    with path.open(newline="") as file:
        return {Path(row["image"]).name: [float(row[column]) for column in columns] for row in csv.DictReader(file)}


@pytest.fixture
def documented(tmp_path) -> str:
    """The override file of the documentation, of a network that gives probabilities."""
    (block,) = (part.split("```")[0] for part in DOCUMENTED.read_text().split("```json\n")[1:])
    config = json.loads(block)
    config["teacher_network"]["network"] = NETWORK
    path = tmp_path / "own.json"
    path.write_text(json.dumps({**config, "teacher_input": INPUT, "teacher_output": "softmax"}))
    return str(path)


@pytest.fixture
def tests_only(fundus, tmp_path) -> Path:
    """The test images in a folder of their own."""
    listed = json.loads((fundus / "datalist.json").read_text())["test"]
    (tmp_path / "new").mkdir()
    for entry in listed:
        (tmp_path / "new" / Path(entry["image"]).name).write_bytes((fundus / entry["image"]).read_bytes())
    return tmp_path / "new"


@pytest.fixture
def teacher(train, documented) -> Path:
    """A teacher's run, made with it."""
    return train("train", documented, "teacher")


def test_inference_by_run_and_by_pack_repeats_the_answers(
    teacher, documented, tests_only, bundle, tmp_path, monkeypatch
):
    settings = json.loads((teacher / "settings.json").read_text())
    assert {key: settings[key] for key in ("teacher", "teacher_input", "teacher_output")} == {
        "teacher": "MyClassifier",
        "teacher_input": INPUT,
        "teacher_output": "softmax",
    }
    expected = answers(teacher / "evaluation" / "per_image.csv", "teacher_normal", "teacher_abnormal")
    assert len(expected) == 8
    options = {"dataset_dir": str(tests_only)}
    bundle(
        "inference", "teacher_inference", documented, run_dir=str(teacher), output_dir=str(tmp_path / "a"), **options
    )
    bundle("pack", "pack", run_dir=str(teacher), name="own", configs=[documented], output_dir=str(tmp_path / "box"))
    zipped = str(tmp_path / "box" / "own_v1.0.0.zip")
    bundle("receive", "receive", zip_file=zipped, output_dir=str(tmp_path / "branch"))
    root = tmp_path / "branch" / "own"
    monkeypatch.chdir(root)
    packed = str(root / "configs" / "inference.json")
    workflow = ConfigWorkflow(
        packed, workflow_type="inference", logging_file=False, output_dir=str(tmp_path / "b"), **options
    )
    workflow.initialize()
    workflow.run()
    for folder in ("a", "b"):
        found = answers(tmp_path / folder / "inference" / "predictions.csv", "normal", "abnormal")
        assert found.keys() == expected.keys()
        assert all(found[name] == pytest.approx(expected[name], abs=1e-4) for name in expected)


@pytest.mark.parametrize(
    "option", [{"teacher_input": {"spatial_size": 32, "mean": 0.4, "std": 0.2}}, {"teacher_output": "sigmoid"}]
)
def test_inference_refuses_another_preprocessing_than_the_runs(teacher, documented, fundus, bundle, one_line, option):
    ((name, _),) = option.items()
    images = str(fundus / "images")
    with one_line(f"{name} must be the run's"):
        bundle("inference", "teacher_inference", documented, run_dir=str(teacher), dataset_dir=images, **option)


def test_a_teacher_of_another_preprocessing_is_not_taken_from_the_store(bundle, fundus, documented):
    options = {"dataset_dir": str(fundus), "image_size": 32, "layer_pairs": []}

    def kept_as(**override: object) -> Path:
        return bundle("layers", "train", documented, **options, **override).parser.get_parsed_content("teacher_path")

    same = kept_as()
    assert kept_as() == same
    assert len({same, kept_as(teacher_input={**INPUT, "mean": 0.5}), kept_as(teacher_output="sigmoid")}) == 3


def test_the_papers_teacher_has_its_own_preprocessing_too(bundle):
    given = {"mean": 0.4, "std": 0.2}
    teacher = (
        bundle("layers", "train", image_size=32, teacher_input=given)
        .parser.get_parsed_content("teacher_network")
        .eval()
    )
    plain = BlockCNN(2, 3, 2).eval()
    plain.load_state_dict(teacher.state_dict())
    images = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(teacher.cpu()(images), plain((images - 0.4) / 0.2))
