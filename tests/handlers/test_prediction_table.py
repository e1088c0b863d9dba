# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import csv
import logging

import pytest
import torch

from monai_medtex.handlers import PredictionTable

NAMES = ["normal", "mild", "severe"]


def rows(path) -> list[list[str]]:
    with open(path, newline="") as file:
        return list(csv.reader(file))


@pytest.fixture
def predict(tmp_path, evaluate, given):
    def run(files, logits, root=tmp_path, epochs=1):
        items = [given(path=str(file), logits=torch.tensor(row)) for file, row in zip(files, logits, strict=True)]
        table = PredictionTable(tmp_path / "out" / "predictions.csv", NAMES, root)
        evaluate(items, [table], decollate=True, epochs=epochs)
        return rows(tmp_path / "out" / "predictions.csv")

    return run


def test_every_image_has_a_row(tmp_path, predict):
    files = [tmp_path / "a" / "1.png", tmp_path / "a" / "2.png", tmp_path / "b" / "1.png"]
    probabilities = [[0.25, 0.5, 0.25], [0.7, 0.2, 0.1], [0.1, 0.1234567, 0.7765433]]
    assert predict(files, probabilities) == [
        ["image", "predicted", *NAMES],
        ["a/1.png", "mild", "0.250000", "0.500000", "0.250000"],
        ["a/2.png", "normal", "0.700000", "0.200000", "0.100000"],
        ["b/1.png", "severe", "0.100000", "0.123457", "0.776543"],
    ]


def test_files_are_named_relative_to_a_list_of_them(tmp_path, predict):
    (tmp_path / "datalist.json").touch()
    table = predict([tmp_path / "a" / "1.png"], [[1.0, 0.0, 0.0]], root=tmp_path / "datalist.json")
    assert table[1][0] == "a/1.png"


def test_a_second_evaluation_starts_anew(tmp_path, predict, caplog):
    with caplog.at_level(logging.INFO, "monai_medtex"):
        assert len(predict([tmp_path / "1.png", tmp_path / "2.png"], [[1.0, 0.0, 0.0]] * 2, epochs=2)) == 3
    line = f"2 images classified: {tmp_path / 'out' / 'predictions.csv'}"
    assert [message for message in caplog.messages if "classified" in message] == [line, line]
