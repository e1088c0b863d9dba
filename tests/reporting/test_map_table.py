# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math

import pytest

from monai_medtex.reporting import map_scores, map_table, pairwise_table, parse_rows
from monai_medtex.reporting.map_table import map_failures

METHODS = ["MED-TEX", "CAM", "Random", "KD"]


def row(method, image, value, seed=0, fraction="", deletion=0.5):
    base = {"method": method, "image": str(image), "seed": seed, "fraction": fraction, "label": 1, "teacher_class": 1}
    return base | {"lesion_share": 0.1, "auprc": value, "deletion": deletion}


def scores(raw):
    return map_scores(parse_rows(raw, METHODS), METHODS, 0.25)


def test_mean_interval_and_deviation_over_seeds_by_hand():
    # seed 0: 0, 1 of the two images; seed 1: both 1. Per image 0.5 and 1: draws of two images have 0.5, 0.75 or 1.
    raw = [row("MED-TEX", 0, 0, 0, 0.25), row("MED-TEX", 1, 1, 0, 0.25)]
    raw += [row("MED-TEX", 0, 1, 1, 0.25), row("MED-TEX", 1, 1, 1, 0.25)]
    (got,) = map_table(scores(raw), METHODS, {})
    assert (got["method"], got["fraction"], got["seeds"], got["images"]) == ("MED-TEX", 0.25, 2, 2)
    assert got["auprc"] == pytest.approx(0.75)
    assert (got["auprc_low"], got["auprc_high"]) == (0.5, 1.0)  # each with a quarter of the draws
    assert got["auprc_std"] == pytest.approx(0.5 / math.sqrt(2))
    assert math.isnan(got["hit"])


def test_failed_methods_keep_their_place():
    raw = [row("CAM", 0, 0.3)]
    got = map_table(scores(raw), METHODS, {"MED-TEX": "NaN"})
    assert got[0] == {"fraction": 0.25, "method": "MED-TEX", "failed": "NaN"}
    assert [line["method"] for line in got] == ["MED-TEX", "CAM"]


def test_a_method_is_broken_only_where_it_has_no_rows_and_could_make_maps():
    raw = [row("MED-TEX", 0, 0.3, 0, 0.5), row("CAM", 0, 0.3)]
    raw += [{"method": "KD", "image": "0", "seed": 0, "fraction": 0.5, "student_class": 1}]
    failed = {(name, 0.25, 0): f"{name} broke" for name in ("MED-TEX", "KD", "CAM", "Random")}
    got = map_failures(parse_rows(raw, METHODS), METHODS, 0.25, failed)
    assert got == {"MED-TEX": "MED-TEX broke", "Random": "Random broke"}


def test_a_constant_difference_is_exact_in_every_draw():
    raw = [row("MED-TEX", image, image / 10, 0, 0.25, deletion=0.5) for image in range(8)]
    raw += [row("CAM", image, image / 10 + 0.2, deletion=0.4) for image in range(8)]
    raw += [row("Random", image, image / 10 - 0.1, deletion=0.7) for image in range(8)]
    tests = {(test["metric"], test["method"]): test for test in pairwise_table(scores(raw), "MED-TEX")}
    assert len(tests) == 4  # two figures that are known, two others
    cam = tests["auprc", "CAM"]
    assert [cam[name] for name in ("difference", "low", "high")] == pytest.approx([-0.2] * 3)
    assert cam["p_value"] == pytest.approx(0.001)
    assert cam["best_other"]
    assert not tests["auprc", "Random"]["best_other"]
    assert tests["auprc", "Random"]["difference"] == pytest.approx(0.1)
    assert tests["deletion", "CAM"]["best_other"]  # the lower one
    assert not tests["deletion", "Random"]["best_other"]


def test_equal_maps_are_not_told_apart():
    raw = [row(name, image, image / 10) for name in ("MED-TEX", "CAM") for image in range(6)]
    test = pairwise_table(scores(raw), "MED-TEX")[0]
    assert (test["difference"], test["low"], test["high"], test["p_value"]) == (0, 0, 0, 1)


def test_without_the_reference_or_without_others_there_is_no_test():
    assert pairwise_table(scores([row("CAM", 0, 0.3)]), "MED-TEX") == []
    assert pairwise_table(scores([row("MED-TEX", 0, 0.3)]), "MED-TEX") == []


def test_only_what_both_methods_have_is_compared():
    shared = [(0, 0.5, 0), (1, 0.1, 1)]
    raw = [row(name, *image_value_seed) for name in ("MED-TEX", "CAM") for image_value_seed in shared]
    raw += [row("CAM", 2, 0.9, 2), row("MED-TEX", 3, 0.2, 0)]
    (test,) = (test for test in pairwise_table(scores(raw), "MED-TEX") if test["metric"] == "auprc")
    assert (test["difference"], test["low"], test["high"]) == (0, 0, 0)


@pytest.mark.parametrize(("images", "patients"), [(5, 5), (8, 5)])
def test_fewer_than_six_patients_have_no_p_value(images, patients):
    raw = [row(name, image, value) for name, value in (("MED-TEX", 0.4), ("CAM", 0.2)) for image in range(images)]
    tests = pairwise_table(scores([line | {"patient": f"p{int(line['image']) % patients}"} for line in raw]), "MED-TEX")
    assert [test["difference"] for test in tests if test["metric"] == "auprc"] == [pytest.approx(0.2)]
    assert all(math.isnan(test["p_value"]) for test in tests)


def test_methods_that_share_no_seed_are_not_compared():
    raw = [row("MED-TEX", 0, 0.5, 0), row("CAM", 0, 0.5, 1), row("Random", 0, 0.1, 0)]
    tests = pairwise_table(scores(raw), "MED-TEX")
    assert {test["method"] for test in tests} == {"Random"}
    assert not any(test["best_other"] for test in tests if test["metric"] == "auprc")  # CAM's 0.5 is the best
