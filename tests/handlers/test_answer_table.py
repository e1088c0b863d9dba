# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import csv
import math

import pytest
import torch

from monai_medtex.handlers import AnswerTable


@pytest.mark.parametrize(
    ("activation", "label", "cell", "probabilities"),
    [("softmax", 1, "1", (0.25, 0.75)), ("softmax", -1, "", (0.25, 0.75)), ("sigmoid", [0, 1], "0 1", (0.5, 0.75))],
)
def test_the_cells_of_an_image_by_hand(tmp_path, evaluate, given, activation, label, cell, probabilities):
    item = given(path="a/1.png", label=torch.tensor(label), logits=torch.tensor([0.0, math.log(3)]))
    evaluate([item], [AnswerTable(tmp_path / "table.csv", ["normal", "abnormal"], activation)])
    with open(tmp_path / "table.csv", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row.pop("image"), row.pop("label")) == ("a/1.png", cell)
    assert list(row) == ["teacher_normal", "teacher_abnormal"]
    assert [float(value) for value in row.values()] == pytest.approx(probabilities, rel=1e-5)
