# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math

import pytest
import torch

from monai_medtex.comparison import Judge, JudgedImage, load_images, sample_images

SIZE = 16


def brightness(images: torch.Tensor) -> torch.Tensor:
    """Logits whose class 1 wins where the image's mean is above one half."""
    mean = images.mean(dim=(1, 2, 3))
    return torch.stack([1 - mean, mean], dim=1)


def image(name: str, value: float, lesion: slice | None = None, label: int = 1) -> JudgedImage:
    mask = torch.zeros(1, 2 * SIZE, 2 * SIZE, dtype=torch.bool)
    if lesion is not None:
        mask[0, lesion, lesion] = True
    return JudgedImage(name, "", label, torch.full((1, SIZE, SIZE), value), mask)


@pytest.fixture
def judge() -> Judge:
    images = [image("a", 0.9, slice(8, 16)), image("b", 0.1, slice(8, 16), label=-1), image("c", 0.6)]
    return Judge(images, images[:2], images[:1], batch_size=2)


def test_answers_of_both_networks(judge: Judge) -> None:
    rows = judge.answers(brightness, lambda x: brightness(1 - x))
    assert [row["image"] for row in rows] == ["a", "b", "c"]
    assert [row["teacher_class"] for row in rows] == [1, 0, 1]
    assert [row["student_class"] for row in rows] == [0, 1, 0]
    assert [row["label"] for row in rows] == [1, None, 1]
    # two classes whose logits differ by 0.8: the likelier has 1 / (1 + exp(-0.8)); KL of p and its mirror image
    likelier = 1 / (1 + math.exp(-0.8))
    assert rows[0]["teacher_confidence"] == pytest.approx(likelier, abs=1e-6)
    assert rows[0]["predictive_kl"] == pytest.approx((2 * likelier - 1) * 0.8, abs=1e-6)


def test_a_map_alone_has_no_student(judge: Judge) -> None:
    assert set(judge.answers(brightness, None)[0]) == {
        "image", "patient", "label", "teacher_class", "teacher_confidence",
    }  # fmt: skip


def test_maps_are_compared_at_the_images_own_resolution(judge: Judge) -> None:
    def explain(images: torch.Tensor) -> torch.Tensor:
        theta = torch.zeros(len(images), 1, SIZE, SIZE)
        theta[:, :, 4:8, 4:8] = 1.0  # the lesion's 8..16 of 32 pixels are 4..8 of 16
        return theta

    rows = judge.against_lesions(judge.maps(explain))
    assert set(rows) == {"a", "b"}
    assert rows["a"]["hit"] == 1
    assert rows["a"]["lesion_share"] == 64 / 1024
    # k = 4 selects 4 / 64 of the pixels, exactly as many as the lesion has; interpolation rounds the corners off
    assert rows["a"]["iou_top4"] > 0.85
    assert rows["a"]["iou_ceiling"] == pytest.approx((1 / 4 + 2 / 4 + 3 / 4 + 1 + 4 / 5 + 4 / 6) / 6)
    assert rows["a"]["auroc"] > 0.99


def test_channels_of_theta_are_averaged(judge: Judge) -> None:
    maps = judge.maps(lambda x: torch.stack([x[:, 0], 3 * x[:, 0]], dim=1))
    assert maps["a"].shape == (1, SIZE, SIZE)
    assert maps["a"].unique().item() == pytest.approx(1.8)


def test_the_teacher_is_asked_about_the_faithful_images_only(judge: Judge) -> None:
    rows = judge.against_teacher(judge.maps(lambda x: x[:, :1]), brightness)
    assert set(rows) == {"a"}
    # Every pixel equals the mean colour and the blurred image: nothing changes, and the area is the probability itself.
    likelier = 1 / (1 + math.exp(-0.8))
    assert rows["a"]["deletion"] == pytest.approx(likelier, abs=1e-4)
    assert rows["a"]["insertion"] == pytest.approx(likelier, abs=1e-4)
    assert rows["a"]["road"] == pytest.approx(0, abs=0.01)


def test_images_with_a_lesion_are_drawn_first(judge: Judge) -> None:
    images = list(judge.images)
    assert [drawn.name for drawn in sample_images(images, None)] == ["a", "b"]
    assert [drawn.name for drawn in sample_images(images[2:], 5)] == ["c"]
    one = sample_images(images, 1)
    assert len(one) == 1
    assert one == sample_images(images, 1)
    assert sample_images(images, 0) == []


def test_load_images_names_files_inside_the_data_set(tmp_path) -> None:
    entry = {
        "path": str(tmp_path / "x" / "a.png"),
        "image": torch.zeros(3, 4, 4),
        "lesion": torch.ones(1, 8, 8),
        "label": 1,
        "patient": "p7",
    }
    (loaded,) = load_images([entry], tmp_path)
    assert (loaded.name, loaded.patient, loaded.label) == ("x/a.png", "p7", 1)
    assert loaded.lesion.dtype == torch.bool
