# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""The headquarters shares a teacher; a branch that has its zip and images without labels shares a pair."""

from __future__ import annotations

import csv
import json
import shutil
import zipfile
from pathlib import Path

import pytest
import torch
from monai.bundle import ConfigWorkflow
from PIL import Image

from monai_medtex.handlers import explained_images
from monai_medtex.networks import BlockCNN

OTHER = {"epochs": 1, "batch_size": 8, "image_size": 32}


@pytest.fixture(autouse=True)
def _no_figure(monkeypatch):
    """Drawing takes longer than the rest."""
    monkeypatch.setattr(explained_images, "has_matplotlib", False)


@pytest.fixture
def headquarters(train, bundle, tmp_path) -> Path:
    """Train and pack a teacher, and keep nothing but the zip."""
    run = train("train", "teacher")
    bundle("pack", "pack", run_dir=str(run), name="hq_teacher", output_dir=str(tmp_path / "outbox"))
    shutil.rmtree(run)
    return tmp_path / "outbox" / "hq_teacher_v1.0.0.zip"


@pytest.fixture
def unlabelled(fundus, tmp_path) -> Path:
    """Images of the branch: a folder and nothing else."""
    folder = tmp_path / "branch_images"
    folder.mkdir()
    for number, image in enumerate(sorted((fundus / "images").iterdir())[:16]):
        pixels = Image.open(image).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        pixels.save(folder / f"eye{number:04d}.png")
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def start(config: Path, **override: object) -> None:
    workflow = ConfigWorkflow(str(config), workflow_type="inference", logging_file=False, **override)
    workflow.initialize()
    workflow.run()


def test_a_branch_distils_explains_and_packs_from_the_zip_alone(
    headquarters, unlabelled, bundle, bundle_dir, one_line, tmp_path, monkeypatch
):
    monkeypatch.setenv("MONAI_MEDTEX_HOME", str(tmp_path / "branch_home"))
    bundle("receive", "receive", zip_file=str(headquarters), output_dir=str(tmp_path / "branch"))
    root = tmp_path / "branch" / "hq_teacher"
    metadata = json.loads((root / "configs" / "metadata.json").read_text())
    assert 0 <= metadata["eval_metrics"]["label_accuracy"] <= 1

    monkeypatch.chdir(root)  # a new image, by the teacher alone
    start(root / "configs" / "inference.json", dataset_dir=str(unlabelled), output_dir=str(tmp_path / "said"))
    said = {row["image"]: float(row["abnormal"]) for row in rows(tmp_path / "said" / "inference" / "predictions.csv")}
    assert len(said) == 16

    taught = ["train", str(bundle_dir / "configs" / "teachers" / "bundle.json")]
    model = root / "models" / "model.pt"
    workflow = bundle("training", *taught, teacher_ckpt=str(model), dataset_dir=str(unlabelled), amp=False, **OTHER)
    run = Path(workflow.parser.get_parsed_content("run_dir"))
    judged = rows(run / "evaluation" / "per_image.csv")
    assert {row["label"] for row in judged} == {""}
    for row in judged:  # the teacher that taught is the one that was received
        assert float(row["teacher_abnormal"]) == pytest.approx(said[Path(row["image"]).name], abs=1e-5)
    terms = {name for name in rows(run / "metrics.csv")[0] if name.startswith("loss_transfer")}
    assert terms == {f"loss_transfer_block{number}" for number in (1, 2, 3, 4)}

    bundle("inference", "inference", run_dir=str(run), dataset_dir=str(unlabelled), output_dir=str(tmp_path / "seen"))
    assert len(list((tmp_path / "seen" / "inference" / "overlays").glob("eye*_overlay.png"))) == 16

    bundle("pack", "pack", run_dir=str(run), name="branch_pair", output_dir=str(tmp_path / "outbox"))
    with zipfile.ZipFile(tmp_path / "outbox" / "branch_pair_v1.0.0.zip") as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    teacher = torch.load(model, weights_only=True)
    assert teacher.keys() == BlockCNN(2, 3, 2).state_dict().keys()
    probes = [tensor.flatten()[:16].numpy().tobytes() for tensor in teacher.values() if tensor.numel() >= 16]
    assert not [name for name, file in content.items() if any(probe in file for probe in probes)]
    assert not [name for name in content if b"eye00" in content[name] or "teacher" in name]

    (tmp_path / "extra" / "models").mkdir(parents=True)
    shutil.copy(model, tmp_path / "extra" / "models" / "teacher.pt")
    with one_line("teacher.pt", "no weight of explainer and student"):
        bundle("pack", "pack", run_dir=str(run), name="stolen", extra_dir=str(tmp_path / "extra"))
