# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

from monai_medtex.networks import BlockCNN
from monai_medtex.utils import TrainingError, save_tensors

FIRST = "training_0001"  # an abnormal image, with a lesion


def unchanged(sections: dict) -> dict:
    return sections


def truncate(folder: Path) -> None:
    image = folder / "images" / f"{FIRST}.png"
    image.write_bytes(image.read_bytes()[: image.stat().st_size // 2])


def remove_image(folder: Path) -> None:
    (folder / "images" / f"{FIRST}.png").unlink()


def shrink_mask(folder: Path) -> None:
    path = folder / "masks" / f"{FIRST}.png"
    Image.open(path).resize((20, 16)).save(path)


def make_grey(folder: Path) -> None:
    path = folder / "images" / f"{FIRST}.png"
    Image.open(path).convert("L").save(path)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (truncate, [f"{FIRST}.png", "truncated"]),
        (remove_image, [f"{FIRST}.png", "no such file"]),
        (shrink_mask, [f"masks/{FIRST}.png", "(20, 16)", "(32, 32)"]),
        (make_grey, [f"{FIRST}.png", "1 channel(s), expected 3"]),
    ],
)
def test_damaged_images_stop_it_before_a_run_is_begun(train, relisted, one_line, bundle_home, damage, words):
    folder = relisted(unchanged)
    damage(folder)
    with one_line(*words):
        train(dataset_dir=str(folder))
    assert not bundle_home.exists()


def too_high(sections: dict) -> dict:
    sections["training"][1]["label"] = 2
    return sections


def too_high_in_test(sections: dict) -> dict:
    sections["test"][0]["label"] = 7
    return sections


def one_class(sections: dict) -> dict:
    return {name: [entry for entry in entries if entry["label"] == 1] for name, entries in sections.items()}


def one_unknown(sections: dict) -> dict:
    del sections["training"][1]["label"]
    return sections


def unknown_in_validation(sections: dict) -> dict:
    del sections["validation"][0]["label"]
    return sections


def leads_out(sections: dict) -> dict:
    sections["training"][1]["image"] = "../secret.png"
    return sections


@pytest.mark.parametrize(
    ("listed", "words"),
    [
        (too_high, [f"{FIRST}.png", "label 2 is not in 0..1"]),
        (too_high_in_test, ["test_0000.png", "label 7 is not in 0..1"]),
        (one_class, ["one class only", "[1]"]),
        (one_unknown, [f"{FIRST}.png", "no label"]),
        (unknown_in_validation, ["validation_0000.png", "no label"]),
        (leads_out, ["training[1]", "../secret.png"]),
    ],
)
def test_lists_that_no_teacher_can_learn_from_stop_it_too(train, relisted, one_line, bundle_home, listed, words):
    with one_line(*words):
        train(dataset_dir=str(relisted(listed)))
    assert not bundle_home.exists()


def test_empty_and_missing_folders_are_named(train, one_line, tmp_path, bundle_home):
    (tmp_path / "empty").mkdir()
    for name, reason in {"empty": "no images found", "missing": "no such file or folder"}.items():
        with one_line(str(tmp_path / name), reason):
            train(dataset_dir=str(tmp_path / name))
    assert not bundle_home.exists()


def test_another_number_of_channels_is_named(train, one_line, bundle_home):
    with one_line("3 channel(s), expected 1", "and 39 more"):
        train(in_channels=1)
    assert not bundle_home.exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, ["there is no file"]),
        (b"no weights", ["broken"]),
        (BlockCNN(2, 3, 2, (4, 8)), ["keys missing", "block1.0.weight", "shape"]),
        (BlockCNN(2, 3, 5), ["fc.weight", "(5, 1024)", "(2, 1024)", "classes"]),
        (torch.nn.Linear(2, 2), ["no key", "block1"]),
    ],
    ids=["missing", "garbage", "another size", "more classes", "another network"],
)
def test_teachers_that_do_not_fit_are_named(train, one_line, tmp_path, bundle_home, content, words):
    path = tmp_path / "teacher.pt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        save_tensors(content.state_dict(), path)
    with one_line("teacher_ckpt", str(path)) as error:
        train(teacher_ckpt=str(path))
    assert any(word in error.text for word in words), error.text
    assert not bundle_home.exists()


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([["block9", "block1"]], ["teacher layers", "block9", "block4"]),
        ([["block1", "block9"]], ["student_layers", "block9", "block4"]),
        ([["block1"]], ["layer_pairs", "got ['block1']"]),
    ],
)
def test_unknown_layers_are_named_before_a_teacher_is_trained(train, one_line, bundle_home, pairs, words):
    with one_line(*words):
        train(layer_pairs=pairs)
    assert not bundle_home.exists()


@pytest.mark.parametrize(
    ("option", "value", "minimum"),
    [("epochs", 0, 1), ("batch_size", 0, 1), ("teacher_epochs", -3, 1), ("image_size", 8, 16), ("seed", -1, 0)],
)
def test_numbers_out_of_range_are_named_before_anything_is_written(
    train, one_line, bundle_home, option, value, minimum
):
    with one_line(f"{option} must be a whole number of at least {minimum}, got {value}"):
        train(**{option: value})
    assert not bundle_home.exists()


def test_a_fraction_out_of_range_is_named_before_a_teacher_is_trained(train, one_line, bundle_home):
    with one_line("fraction must be above 0", "got 0"):
        train(fraction=0)
    assert not bundle_home.exists()


def test_other_settings_than_those_of_the_resumed_run_are_named(train, one_line, trained, teacher_ckpt):
    before = sorted(trained.folder.rglob("*"))
    with one_line("resume", str(trained.folder), "learning_rate", "0.001", "0.5"):
        train(resume=str(trained.folder), learning_rate=0.5, teacher_ckpt=teacher_ckpt)
    assert sorted(trained.folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"lambda_vid": float("inf")}, ["epoch 1, iteration 1", "every term is finite"]),
        ({"learning_rate": 1e30}, ["epoch 1, iteration 2", "loss_transfer_block1"]),
    ],
)
def test_a_loss_that_is_not_finite_stops_the_training_and_is_named(train, one_line, teacher_ckpt, option, words):
    with one_line(*words, kind=TrainingError):
        train(teacher_ckpt=teacher_ckpt, **option)


def test_the_command_prints_one_line_and_fails(configs, tmp_path):
    command = [sys.executable, "-m", "monai.bundle", "run", "training", "--config_file", *configs("train")]
    done = subprocess.run(
        [*command, "--dataset_dir", str(tmp_path / "missing")],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
        check=False,
    )
    assert done.returncode not in (0, None)
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("error: ")
    assert str(tmp_path / "missing") in last
    assert "Traceback" not in done.stderr + done.stdout
    assert json.dumps(sorted(path.name for path in tmp_path.iterdir())) == "[]"
