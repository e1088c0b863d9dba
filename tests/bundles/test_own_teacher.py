# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""Teachers of the user's own, by an override file alone."""

from __future__ import annotations

import csv
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from monai.networks.nets import resnet18
from PIL import Image

from monai_medtex.networks import BlockCNN
from monai_medtex.utils import save_tensors

pytestmark = pytest.mark.usefixtures("no_figure")

TRANSFERS = {f"loss_transfer_block{number}" for number in (1, 2, 3, 4)}


def summary_of(folder: Path) -> dict:
    return json.loads((folder / "summary.json").read_text())


@pytest.fixture
def network(teacher_ckpt) -> BlockCNN:
    """The teacher of the tiny images."""
    network = BlockCNN(2, 3, 2).eval()
    network.load_state_dict(torch.load(teacher_ckpt, weights_only=True))
    return network


@pytest.fixture
def taught(train, bundle, configs, bundle_dir, monkeypatch):
    """Distil from a kind of teacher, and judge the run again as evaluate.json does."""

    def start(kind: str, path: Path, **override: object) -> tuple[Path, dict]:
        config = str(bundle_dir / "configs" / "teachers" / f"{kind}.json")
        run = train("train", config, teacher_ckpt=str(path), epochs=1, amp=False, **override)
        summary = summary_of(run / "evaluation")
        workflow = bundle("evaluating", "train", config, "evaluate", run_dir=str(run))
        judged = Path(workflow.parser.get_parsed_content("report_dir"))
        assert summary_of(judged)["metrics"] == summary["metrics"]
        return run, summary

    return start


def teacher_answers(run: Path, network: torch.nn.Module) -> Iterator[tuple[list[float], list[float]]]:
    """For each test image, the teacher's probabilities in the run's table, and those of a network."""
    with (run / "evaluation" / "per_image.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            pixels = np.asarray(Image.open(row["image"]), dtype=np.float32).transpose(2, 1, 0) / 255
            with torch.no_grad():
                expected = network(torch.from_numpy(pixels)[None]).softmax(dim=1)[0].tolist()
            yield [float(row["teacher_normal"]), float(row["teacher_abnormal"])], expected


def test_a_torchscript_file_teaches_without_transfer_and_a_line_says_so(
    taught, bundle, bundle_dir, logged_terms, one_line, network, tmp_path, caplog
):
    torch.jit.freeze(torch.jit.script(network)).save(tmp_path / "teacher.ts")
    with caplog.at_level(logging.INFO, logger="monai_medtex"):
        run, summary = taught("torchscript", tmp_path / "teacher.ts")
    lines = [record.getMessage() for record in caplog.records if "transfer term is off" in record.getMessage()]
    assert lines == ["the layers of TorchScriptTeacher(teacher.ts) cannot be tapped: the transfer term is off (MED-EX)"]
    assert logged_terms(run) == {"loss_prediction"}
    assert summary["settings"]["layer_pairs"] == []
    answers = list(teacher_answers(run, network))
    assert len(answers) == 8
    assert all(found == pytest.approx(expected, abs=1e-4) for found, expected in answers)
    with one_line("no layer of TorchScriptTeacher"):
        bundle(
            "trust", "train", str(bundle_dir / "configs" / "teachers" / "torchscript.json"), "trust", run_dir=str(run)
        )


def test_an_exported_program_teaches_with_its_layers(taught, logged_terms, network, tmp_path):
    any_number = ({0: torch.export.Dim.DYNAMIC},)
    program = torch.export.export(network, (torch.rand(2, 3, 32, 32),), dynamic_shapes=any_number)
    torch.export.save(program, tmp_path / "teacher.pt2")
    run, summary = taught("exported", tmp_path / "teacher.pt2")
    assert logged_terms(run) == {"loss_prediction", *TRANSFERS}
    assert summary["networks"]["teacher"]["parameters"] == 390_466
    assert all(found == pytest.approx(expected, abs=1e-4) for found, expected in teacher_answers(run, network))


def test_a_bundle_teaches_with_its_own_images(taught, logged_terms, train, tmp_path):
    """A ResNet18 of grey images of 64 pixels teaches from images of 32 pixels in colour."""
    for folder in ("models", "configs"):
        (tmp_path / "headquarters" / folder).mkdir(parents=True)
    definition = {"spatial_dims": 2, "n_input_channels": 1, "num_classes": "@classes"}
    config = {"classes": 2, "network_def": {"_target_": "resnet18", **definition}}
    (tmp_path / "headquarters" / "configs" / "inference.json").write_text(json.dumps(config))
    model = tmp_path / "headquarters" / "models" / "model.pt"
    save_tensors(resnet18(spatial_dims=2, n_input_channels=1, num_classes=2).state_dict(), model)
    teacher_input = {"spatial_size": 64, "channels": 1, "mean": 0.4, "std": 0.2}
    run, summary = taught("bundle", model, teacher_input=teacher_input)
    assert summary["settings"]["teacher_input"] == teacher_input
    pairs = [["layer2", "block1"], ["layer3", "block2"], ["layer4", "block3"]]  # of 16, 8 and 4 pixels
    assert summary["settings"]["layer_pairs"] == pairs
    assert logged_terms(run) == {"loss_prediction", *(f"loss_transfer_{taught}" for taught, _ in pairs)}


@pytest.mark.parametrize("name", ["densenet121", "efficientnet_b0", "resnet18", "seresnet50"])
def test_teachers_of_monai_are_built_with_their_layers(bundle, configs, bundle_dir, capsys, name):
    config = str(bundle_dir / "configs" / "teachers" / f"{name}.json")
    workflow = bundle("layers", "train", config, image_size=32)
    printed = capsys.readouterr().out.splitlines()
    pairs = workflow.parser.get_parsed_content("layer_pairs")
    assert printed[-1] == f"layer_pairs: {pairs}"
    assert [own for _, own in pairs] == [f"block{number}" for number in (1, 2, 3, 4)][: len(pairs)]
    assert len(pairs) >= 3
    marked = [line.split()[1] for line in printed if line.startswith("* ")]
    assert {name for pair in pairs for name in pair} <= set(marked)
    teacher = workflow.parser.get_parsed_content("teacher")
    logits, maps = teacher.tap(torch.zeros(1, 3, 32, 32, device=next(teacher.parameters()).device))
    assert logits.shape == (1, 2)
    assert len(maps) == len(pairs)


def test_theta_is_drawn_to_the_evidence_of_a_network_of_monai(train, bundle, bundle_dir, logged_terms, tmp_path):
    config = str(bundle_dir / "configs" / "teachers" / "resnet18.json")
    teacher = bundle("layers", "train", config, image_size=32).parser.get_parsed_content("teacher_network")
    save_tensors(teacher.state_dict(), tmp_path / "resnet18.pt")
    run = train("train", config, "train_trusted", teacher_ckpt=str(tmp_path / "resnet18.pt"), epochs=1)
    settings = json.loads((run / "settings.json").read_text())
    assert "layers=('layer2',)" in settings["evidence"]  # of 32 pixels its stages have 16, 8, 4 and 2
    assert ["layer2", "explainer.downs.2"] in settings["layer_pairs"]
    assert "loss_evidence" in logged_terms(run)


def test_what_cannot_be_tapped_gives_no_evidence(train, bundle_dir, one_line, network, tmp_path):
    torch.jit.script(network).save(tmp_path / "teacher.ts")
    config = str(bundle_dir / "configs" / "teachers" / "torchscript.json")
    with one_line("TorchScriptTeacher", "evidence"):
        train("train", config, "train_trusted", teacher_ckpt=str(tmp_path / "teacher.ts"))


def test_a_program_that_is_not_named_is_asked_for(train, bundle_dir, one_line, bundle_home):
    with one_line("--teacher_ckpt"):
        train("train", str(bundle_dir / "configs" / "teachers" / "exported.json"))
    assert not bundle_home.exists()


def test_programs_that_answer_otherwise_are_named(train, bundle_dir, one_line, tmp_path):
    torch.jit.script(BlockCNN(2, 3, 5).eval()).save(tmp_path / "teacher.ts")
    config = str(bundle_dir / "configs" / "teachers" / "torchscript.json")
    with one_line("class_names has 2 names", "1 x 5 values"):
        train("train", config, teacher_ckpt=str(tmp_path / "teacher.ts"))
