# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from monai_medtex.data import fingerprint, open_dataset
from monai_medtex.networks import BlockCNN, ExplainedClassifier, Explainer
from monai_medtex.utils import save_tensors

CHANNELS = (2, 2, 2, 4)


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


@pytest.fixture
def teacher() -> BlockCNN:
    return BlockCNN(2, 1, 3, (8, 8, 8, 16))


@pytest.fixture
def network() -> ExplainedClassifier:
    return ExplainedClassifier(Explainer(2, 1, 1, (4, 4)), BlockCNN(2, 1, 3, CHANNELS))


@pytest.fixture
def saved() -> Callable[[object], bytes]:
    """Content of a file that ``torch.save`` writes."""

    def save(content: object) -> bytes:
        written = io.BytesIO()
        torch.save(content, written)
        return written.getvalue()

    return save


@pytest.fixture
def images(tmp_path) -> Path:
    """Four images of three patients, with masks."""
    folder = tmp_path / "ward_7"
    (folder / "images").mkdir(parents=True)
    sections: dict[str, list] = {"training": [], "test": []}
    patients = [
        ("P0001", "training", "Jones"),
        ("P0002", "training", "Jones"),
        ("P0003", "test", "4711"),
        ("7", "test", "n"),
    ]
    for name, section, patient in patients:
        Image.fromarray(np.zeros((20, 20), dtype=np.uint8)).save(folder / "images" / f"{name}.png")
        sections[section].append({"image": f"images/{name}.png", "label": 0, "patient": patient})
    (folder / "datalist.json").write_text(json.dumps(sections))
    return folder


@pytest.fixture
def run(tmp_path, images, network, teacher) -> Path:
    """What a finished run leaves, of three classes, one channel and another baseline."""
    folder = tmp_path / "runs" / "20260101_000000_medtex"
    (folder / "evaluation").mkdir(parents=True)
    (folder / "events").mkdir()
    (folder / "events" / "events.out.tfevents.1.host").write_bytes(b"events")
    save_tensors(network.state_dict(), folder / "model.pt")
    save_tensors(teacher.state_dict(), tmp_path / "teacher.pt")
    datalist = open_dataset(images, val_fraction=0)
    settings = {
        "teacher_ckpt": str(tmp_path / "teacher.pt"),
        "dataset_dir": str(images),
        "data": fingerprint(datalist),
        "test_fraction": 0.25,
        "val_fraction": 0,
        "test_section": "test",
        "image_size": 48,
        "in_channels": 1,
        "class_names": ["none", "mild", "severe"],
        "student_channels": CHANNELS,
        "explainer_channels": [4, 4],
        "theta_channels": 1,
        "baseline": "constant",
        "baseline_settings": {"constant": {"value": 0.5}},
    }
    (folder / "settings.json").write_text(json.dumps(settings))
    (folder / "finished").touch()
    return folder


@pytest.fixture
def change_settings(run) -> Callable[[Mapping], None]:
    def change(changes: Mapping) -> None:
        path = run / "settings.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    return change
