# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math

from monai_medtex.reporting.headline import agreement_sentences, failure_sentence, map_sentences


def line(method, accuracy, fraction=0.25, std=0.01):
    figures = {"agreement_accuracy": accuracy, "agreement_accuracy_std": std, "seeds": 3, "images": 80, "labelled": 70}
    return {"method": method, "fraction": fraction, **figures}


def test_agreement_and_the_papers_order_in_words():
    table = [line("MED-TEX", 0.915), line("MED-EX", 0.915), line("Student (only)", 0.95)]
    table += [{"method": "ResNet18+KD", "fraction": 0.25, "failed": "NaN"}]
    first, second = agreement_sentences(table, "MED-TEX")
    assert first == (
        "Distilled with 25 % of the training images, MED-TEX gives the teacher's class to 91.5 % of 80 test images "
        "(mean of 3 seeds, standard deviation 1.0 points); the best of the other methods, Student (only), to 95.0 %."
    )
    assert second == (
        "The paper's order with 25 %: MED-TEX at least as good as MED-EX: yes; "
        "MED-EX at least as good as Student (only): no."
    )


def test_the_teachers_own_accuracy_comes_first():
    table = [line("MED-TEX", 0.9) | {"teacher_accuracy": math.nan}, line("MED-EX", 0.9) | {"teacher_accuracy": 0.8718}]
    first = agreement_sentences(table, "MED-TEX")[0]
    assert first == "The teacher itself gives the right label to 87.2 % of 70 test images (mean of 3 seeds)."


def test_a_method_alone_is_compared_with_nothing():
    assert agreement_sentences([line("MED-TEX", 0.5, std=math.nan)], "MED-TEX") == [
        "Distilled with 25 % of the training images, MED-TEX gives the teacher's class to 50.0 % of 80 test images "
        "(one seed)."
    ]
    assert agreement_sentences([line("Other", 0.5)], "MED-TEX") == []


LEVELS = {"images": 9, "iou_chance": 0.02, "iou_ceiling": 0.5}
TABLE = [{"method": "MED-TEX", "images": 7, "iou_mean": 0.03, "iou_mean_low": 0.01, "iou_mean_high": 0.05}]


def pair(**figures):
    base = {"metric": "iou_mean", "method": "CAM", "reference": "MED-TEX", "best_other": True, "p_value": 0.002}
    return base | figures


def test_maps_in_words():
    worse = pair(difference=-0.15, low=-0.2, high=-0.1)
    decoys = [pair(difference=1, low=1, high=1, metric="hit"), pair(difference=1, low=1, high=1, best_other=False)]
    first, second = map_sentences(TABLE, [*decoys, worse], LEVELS, "MED-TEX")
    assert "On 7 images" in first
    assert "a mean IoU of 0.030 (95 % interval 0.010 to 0.050)" in first
    assert "random pixels reach 0.020, a perfect choice 0.500" in first
    assert second.endswith("MED-TEX minus CAM is -0.150 (95 % interval -0.200 to -0.100, p = 0.002), lower.")


def test_the_verdict_follows_the_interval():
    ends = [(0.1, 0.05, 0.2, "higher."), (0.1, -0.05, 0.2, "not told apart by these images.")]
    for difference, low, high, verdict in ends:
        text = map_sentences(TABLE, [pair(difference=difference, low=low, high=high)], LEVELS, "MED-TEX")[1]
        assert text.endswith(f"), {verdict}")


def test_too_few_images_have_no_verdict():
    few = pair(difference=0.1, low=0.05, high=0.2, p_value=math.nan)
    text = map_sentences(TABLE, [few], LEVELS, "MED-TEX")[1]
    assert text.endswith("(95 % interval +0.050 to +0.200), of too few images to tell.")


def test_without_maps_nothing_is_said_of_them():
    assert map_sentences([{"method": "MED-TEX", "failed": "NaN"}], [], LEVELS, "MED-TEX") == []
    assert map_sentences([TABLE[0] | {"iou_mean": math.nan}], [], LEVELS, "MED-TEX") == []
    assert map_sentences(TABLE, [], LEVELS, "other") == []


def test_failures_are_counted():
    assert failure_sentence({}) == []
    assert failure_sentence({("A", 0.25, 0): "x", ("A", 0.25, 1): "x", ("B", None, None): "y"})[0].startswith(
        "3 runs failed (A, B)"
    )
