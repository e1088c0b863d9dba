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


def sees_a_bright_pixel(images):
    score = 50 * (images.flatten(1).amax(dim=1) - 0.2).sign()
    return torch.stack([-score, score], dim=1)


def white_pixel(name, *place, size=16, lesion=None):
    image = torch.zeros(1, size, size)
    image[0][place] = 1
    return JudgedImage(name, f"patient {name}", 1, image, image > 0 if lesion is None else lesion)


def test_the_pixel_that_decides_goes_first_and_comes_first():
    """The teacher sees class 1 where a pixel is above 0.2: 1/256, the mean colour, is not, and so neither is the blur
    of one pixel of the white one inside, 0.38^2 = 0.15, but that in the corner is, (0.38 / 0.69)^2 = 0.31. A step that
    changes the class costs half of one of 16 steps."""
    images = [white_pixel("corner", 0, 0), white_pixel("inside", 8, 5)]
    judge = Judge(images, [], images, batch_size=2)
    rows = judge.against_teacher(judge.maps(lambda x: x), sees_a_bright_pixel)
    assert [row["deletion"] for row in rows.values()] == pytest.approx([1 / 32, 1 / 32])
    assert [row["insertion"] for row in rows.values()] == pytest.approx([1, 31 / 32])
    assert [row["road"] for row in rows.values()] == pytest.approx([0.5, 0.5])
    rows = judge.against_teacher(judge.maps(lambda x: -x), sees_a_bright_pixel)
    assert [row["deletion"] for row in rows.values()] == pytest.approx([31 / 32, 31 / 32])
    assert [row["insertion"] for row in rows.values()] == pytest.approx([1, 1 / 32])
    assert [row["road"] for row in rows.values()] == pytest.approx([-0.5, -0.5])


def test_every_measure_of_a_map_against_a_lesion_by_hand():
    """Two of four pixels of the lesion score 1, two 0.5; so do four of the other 60, which score 0 else."""
    lesion, scores = torch.zeros(1, 8, 8, dtype=torch.bool), torch.zeros(8, 8)
    lesion[0, 2, :4], scores[2, :2], scores[2, 2:6], scores[5, :2] = True, 1, 0.5, 0.5
    judge = Judge([], [white_pixel("a", 0, 0, size=8, lesion=lesion)], [])
    (row,) = judge.against_lesions(judge.maps(lambda x: scores.expand(len(x), 1, 8, 8))).values()
    assert row["hit"] == 1
    assert row["lesion_share"] == 4 / 64
    assert row["mass_accuracy"] == pytest.approx(3 / 5)
    assert row["mass_lift"] == pytest.approx(3 / 5 * 16)
    assert row["auprc"] == pytest.approx(1 / 2 * 1 + 1 / 2 * 4 / 8)
    assert row["auroc"] == pytest.approx((2 * 60 + 2 * (56 + 4 / 2)) / (4 * 60))
    assert row["iou_chance"] == pytest.approx(sum(k / 16 / (k + 4 - k / 16) for k in range(1, 7)) / 6)
    assert row["iou_top2"] == 2 / 4


def test_patients_are_named_and_every_image_that_is_judged_has_a_map():
    one, other = white_pixel("a", 0, 0), white_pixel("b", 3, 3)
    judge = Judge([one, other], [one], [other])
    assert [row["patient"] for row in judge.answers(sees_a_bright_pixel, None)] == ["patient a", "patient b"]
    assert set(judge.maps(lambda x: x)) == {"a", "b"}


def test_the_image_lies_in_the_middle_of_its_padding():
    wide = white_pixel("wide", 8, 5, lesion=torch.zeros(1, 8, 32, dtype=torch.bool))
    assert wide.inside.shape == (1, 16, 16)
    assert wide.inside[0].nonzero().flatten().unflatten(0, (-1, 2))[:, 0].unique().tolist() == [6, 7, 8, 9]
    assert wide.inside.sum() == 4 * 16
    assert white_pixel("square", 8, 5).inside.all()


def test_the_teacher_is_asked_about_the_image_without_its_padding():
    """The mean of the image is 0.3, of the square 0.075: the teacher, that sees class 1 above 0.2, keeps its class when
    the whole image is deleted, though the map ranks the padding first."""
    image = torch.zeros(1, 16, 16)
    image[:, 6:10] = 0.3
    wide = JudgedImage("wide", "", 1, image, torch.zeros(1, 8, 32, dtype=torch.bool))
    judge = Judge([wide], [], [wide])
    rows = judge.against_teacher(judge.maps(lambda x: 1 - x), sees_a_bright_pixel)
    assert rows["wide"]["deletion"] == pytest.approx(1)
    assert rows["wide"]["insertion"] == pytest.approx(1)
    assert rows["wide"]["road"] == pytest.approx(0)
