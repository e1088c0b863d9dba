# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import csv
import math

import pytest
import torch

from monai_medtex.handlers import ImageTable

NAMES = ["normal", "abnormal"]


def ramp() -> torch.Tensor:
    """Theta of 8 x 8 pixels, so that the paper's k is a number of pixels: 0 to 0.63, highest in the last column."""
    return torch.arange(64.0).view(1, 8, 8) / 100


def lesion(*pixels: tuple[int, int]) -> torch.Tensor:
    mask = torch.zeros(1, 8, 8)
    for pixel in pixels:
        mask[0][pixel] = 1
    return mask


def rows(path) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_the_cells_of_an_image_by_hand(tmp_path, evaluate, given):
    item = given(
        path="a/1.png",
        label=1,
        teacher_logits=torch.tensor([math.log(0.25), math.log(0.75)]),
        logits=torch.tensor([math.log(0.5), math.log(0.5)]),
        theta=ramp(),
        mask=lesion((7, 7), (7, 5), (0, 0)),  # the highest pixel, the third highest, and the lowest
    )
    evaluate([item], [ImageTable(tmp_path / "new" / "table.csv", NAMES, ks=(1, 2, 3))])
    (row,) = rows(tmp_path / "new" / "table.csv")
    assert (row.pop("image"), row.pop("label")) == ("a/1.png", "1")
    cells = {name: float(cell) for name, cell in row.items()}
    mean = sum(range(64)) / 64 / 100
    assert cells == pytest.approx(
        {
            "teacher_normal": 0.25,
            "teacher_abnormal": 0.75,
            "student_normal": 0.5,
            "student_abnormal": 0.5,
            "predictive_kl": 0.25 * math.log(0.25 / 0.5) + 0.75 * math.log(0.75 / 0.5),
            "theta_mean": mean,
            "theta_std": math.sqrt(sum((value / 100 - mean) ** 2 for value in range(64)) / 64),
            "theta_above_half": 13 / 64,  # 0.51 to 0.63
            "theta_saturated": 1 / 64,  # 0
            "iou_top1": 1 / 3,  # one of three lesion pixels
            "iou_top2": 1 / 4,
            "iou_top3": 2 / 4,
        },
        rel=1e-5,
    )


def test_what_is_not_known_is_an_empty_cell(tmp_path, evaluate, given):
    evaluate([given(label=-1)], [ImageTable(tmp_path / "table.csv", NAMES)])
    (row,) = rows(tmp_path / "table.csv")
    empty = [name for name, cell in row.items() if cell == ""]
    assert empty == ["label", *(f"iou_top{k}" for k in range(1, 7))]


def test_images_come_in_their_order_over_unequal_batches(tmp_path, evaluate, given):
    items = [given(path=f"{number}.png", label=number % 3) for number in range(5)]
    evaluate(items, [ImageTable(tmp_path / "table.csv", NAMES)], batch_size=2)
    found = [(row["image"], row["label"]) for row in rows(tmp_path / "table.csv")]
    assert found == [(f"{number}.png", str(number % 3)) for number in range(5)]


def test_a_second_evaluation_starts_anew(tmp_path, evaluate, given):
    evaluate([given(), given()], [ImageTable(tmp_path / "table.csv", NAMES)], epochs=2)
    assert len(rows(tmp_path / "table.csv")) == 2


def test_volumes_with_a_theta_per_channel(tmp_path, evaluate, given):
    item = given(size=(4, 4, 4), theta=torch.full((3, 4, 4, 4), 0.75), mask=torch.ones(1, 4, 4, 4))
    evaluate([item], [ImageTable(tmp_path / "table.csv", NAMES, ks=(6,))])
    (row,) = rows(tmp_path / "table.csv")
    assert float(row["theta_mean"]) == 0.75
    assert float(row["iou_top6"]) == pytest.approx(6 / 64)
