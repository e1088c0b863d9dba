# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest

from monai_medtex.trust.answers import verdict
from monai_medtex.trust.findings import findings
from monai_medtex.trust.inquiry import Evidence
from monai_medtex.trust.options import Options
from monai_medtex.trust.page import sections
from monai_medtex.utils import InputError

IMAGES = 40
NAMES = [f"{number}.png" for number in range(IMAGES)]
OPTIONS = Options(areas=[0.1, 1.0])


def evidence(**changes: object) -> Evidence:
    """A map without fault: EVAL-X reads theta as well as the student, random pixels tell half, retrainings fit."""
    rows = []
    for number in range(IMAGES):
        taught = number % 2
        seen = {name: [taught] for name in ("whole", "theta", "top 0.1", "top 1")}
        seen |= {"random 0.1": [taught, 1 - taught], "random 1": [taught] * 2, "empty": [0]}
        if taught:
            seen["lesion"] = [1]
        rows.append({"teacher": taught, "student": taught, "eval_x": seen})
    measured = {"theta": (0.2, 0.8, 0.3), "random": (0.5, 0.5, 0.0), "grad_cam": (0.2, 0.8, 0.3)}
    alike = {"ssim": [0.8] * IMAGES, "spearman": [0.9] * IMAGES}
    unlike = {"ssim": [0.1] * IMAGES, "spearman": [0.0] * IMAGES}
    whole = Evidence(
        answers=rows,
        probe={
            "control": "Grad-CAM",
            "images": list(range(IMAGES)),
            "training_images": 100,
            "theta": [1.0, 0.0] * 20,
            "honest": [1.0, 0.0] * 20,
            "commonest": 0.5,
        },
        faithful={
            name: {image: dict(zip(("deletion", "insertion", "road"), values, strict=True)) for image in NAMES[:6]}
            for name, values in measured.items()
        },
        pairs={"ssim": [0.3, 0.5], "spearman": [0.1, 0.3]},
        retrained={"random_teacher": unlike, "shuffled_teacher": unlike, "other_seed": alike, "other_teacher": alike},
        maps={},
        skipped={},
    )
    return whole._replace(**changes)


def found_of(given: Evidence) -> dict:
    return findings(given, NAMES, NAMES, OPTIONS)


def test_figures_of_a_map_without_fault():
    found = found_of(evidence())
    lines = {(row["line"], row["area"]): row for row in found["curve"]}
    assert lines["top", 0.1]["agreement"] == 1
    assert (lines["random", 0.1]["agreement"], lines["random", 0.1]["kappa"]) == (0.5, 0)
    assert lines["lesion", None]["images"] == 20
    assert lines["empty", None]["agreement"] == 0.5
    assert found["lead"]["mean"] == 0.5
    assert found["gap"] == {"mean": 0, "low": 0, "high": 0}
    assert found["pairs"]["ssim"] == pytest.approx(0.4)
    assert all(row["passes"] and row["certain"] for row in found["retrained"])
    assert found["faithful"]["theta_minus"][0]["deletion"] == pytest.approx(-0.3)
    assert verdict(found)[0] == "No judge objects to this map."


def test_a_code_rings_the_alarm():
    """EVAL-X reads in what the student sees nothing but class 0."""
    rows = [{**row, "eval_x": {**row["eval_x"], "theta": [0]}} for row in evidence().answers]
    found = found_of(evidence(answers=rows))
    assert found["gap"]["mean"] == 0.5
    assert found["alarm"]["rings"]
    overall, code, *_ = verdict(found)
    assert overall == "This map must not be trusted: the alarm rings."
    assert "more often than another reader of the same pixels" in code


def test_few_images_are_said_to_be_too_few():
    """One image of 40 misread: 2.5 points, allowed, but the interval reaches above."""
    rows = evidence().answers
    rows[1]["eval_x"]["theta"] = [0]
    found = found_of(evidence(answers=rows))
    assert found["gap"]["mean"] == pytest.approx(0.025)
    assert not found["alarm"]["rings"]
    assert "too few" in verdict(found)[1]
    assert verdict(found)[0] == "No judge objects to this map. Questions that could not be answered: 1 of 5."


def test_one_class_cannot_be_judged():
    rows = [{"teacher": 0, "student": 1, "eval_x": row["eval_x"]} for row in evidence().answers]
    assert "the teacher gives every test image the same class" in verdict(found_of(evidence(answers=rows)))[1]
    rows = [{**row, "student": 0} for row in evidence().answers]
    assert "the student gives every test image the same class" in verdict(found_of(evidence(answers=rows)))[1]


def test_maps_that_owe_nothing_to_the_teacher_are_named():
    retrained = evidence().retrained
    found = found_of(evidence(retrained={**retrained, "random_teacher": retrained["other_seed"]}))
    assert verdict(found)[0] == "Do not rely on this map. Answers against it: 1 of 5."
    assert "owe nothing" in verdict(found)[4]


def test_a_map_that_tells_the_class_is_named_where_the_alarm_is_silent():
    probe = {**evidence().probe, "theta": [1.0] * IMAGES}  # the honest map: half of them
    found = found_of(evidence(probe=probe))
    assert not found["alarm"]["rings"]
    assert "can be read from the map alone" in verdict(found)[1]


@pytest.mark.parametrize(
    ("changed", "answers"),
    [
        ({}, ("cannot be told", "It is more like")),  # unlike maps may be so for the shorter training, like ones not
        ({"random_teacher": "other_seed"}, ("owe nothing", "It is more like")),
        ({"other_seed": "random_teacher"}, ("cannot be told", "cannot be told")),
    ],
)
def test_retrainings_unlike_the_run_in_more_than_one_thing_tell_only_of_likeness(changed, answers):
    whole = evidence().retrained
    retrained = {name: whole[changed.get(name, name)] for name in whole}
    differs, repeats = verdict(found_of(evidence(retrained=retrained, unlike=["epochs 2 of 30"])))[4:]
    assert answers[0] in differs
    assert answers[1] in repeats
    assert all("(epochs 2 of 30)" in text for text in (differs, repeats) if "cannot be told" in text)


def test_a_page_says_what_was_left_out():
    found = found_of(evidence(retrained={}, skipped={"other_teacher": "left out, since <no> labels"}))
    about = {"options": {}, "run": {}, "data": "", "versions": {}}
    text = " ".join(block for section in sections(found, {}, about) for block in section.blocks)
    assert "For another teacher: left out, since &lt;no&gt; labels." in text
    assert "matplotlib is not installed" in text
    assert "It was not tried." in text


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"areas": [0.1, 10]}, "areas must be above 0 and at most 1, got 10"),
        ({"eval_x_epochs": 0}, "eval_x_epochs must be a whole number of at least 1, got 0"),
        ({"retrain_epochs": 0}, "retrain_epochs must be a whole number of at least 1, got 0"),
    ],
)
def test_options_out_of_range_are_refused(options, said):
    with pytest.raises(InputError, match=said):
        Options(**options)


def readings(**views):
    """Rows of the map without fault, in which EVAL-X answers to some views otherwise."""
    return [
        {**row, "eval_x": {**row["eval_x"], **{name: of(row["teacher"], number) for name, of in views.items()}}}
        for number, row in enumerate(evidence().answers)
    ]


def test_the_images_of_a_patient_are_drawn_together():
    """Two patients with the same mean of every figure: whichever is drawn, the mean is the same."""
    rows = readings(
        theta=lambda taught, n: [taught if n % 4 < 3 else 1 - taught],
        whole=lambda taught, n: [taught if n % 4 < 2 else 1 - taught],
        **{"top 0.1": lambda taught, n: [taught if n % 4 else 1 - taught]},
    )
    rows = [{**row, "student": row["teacher"] if n % 4 else 1 - row["teacher"]} for n, row in enumerate(rows)]
    half = [0.1, 0.3] * (IMAGES // 2)
    maps = {
        name: {
            image: dict.fromkeys(("deletion", "insertion", "road"), value if name == "theta" else 0.1)
            for image, value in zip(NAMES, half, strict=True)
        }
        for name in ("theta", "random", "grad_cam")
    }
    retrained = {name: {"ssim": half, "spearman": half} for name in evidence().retrained}
    given = evidence(answers=rows, faithful=maps, retrained=retrained)
    patients = ["first"] * (IMAGES // 2) + ["second"] * (IMAGES // 2)
    found = findings(given, patients, NAMES, OPTIONS)
    for name, mean in (("own", 0.75), ("gap", 0.0), ("whole_gap", 0.25), ("lead", 0.25)):
        assert tuple(found[name].values()) == pytest.approx((mean,) * 3, abs=1e-9), name
    assert (found["probe"]["theta_low"], found["probe"]["theta_high"]) == pytest.approx((0.5, 0.5))
    pair = found["faithful"]["theta_minus"][0]
    assert (pair["deletion_low"], pair["deletion_high"]) == pytest.approx((0.1, 0.1))
    assert all((row["ssim_low"], row["ssim_high"]) == pytest.approx((0.2, 0.2)) for row in found["retrained"])
    assert findings(given, NAMES, NAMES, OPTIONS)["own"]["low"] < 0.7


def test_the_probes_images_are_drawn_by_their_own_patients():
    """The probe tells the last 20 images only, which are of two patients of the same mean."""
    probe = {**evidence().probe, "images": list(range(20, 40)), "theta": [1.0, 0.0] * 10, "honest": [0.0] * 20}
    patients = NAMES[:20] + ["first"] * 10 + ["second"] * 10
    found = findings(evidence(probe=probe), patients, NAMES, OPTIONS)
    assert tuple(found["probe"]["advantage"].values()) == pytest.approx((0.5, 0.5, 0.5))


def test_random_pixels_that_tell_more_speak_against_the_map():
    rows = readings(**{"top 0.1": lambda taught, n: [1 - taught]})
    answers = verdict(found_of(evidence(answers=rows)))
    assert answers[0] == "Do not rely on this map. Answers against it: 1 of 5."
    assert "No: random pixels tell it more." in answers[2]
    # the lead is +1/2 in 24 images and -1/2 in 16: its mean is above zero, its interval holds it
    rows = readings(**{"top 0.1": lambda taught, n: [taught if n % 5 < 3 else 1 - taught]})
    assert "no better and no worse than random ones" in verdict(found_of(evidence(answers=rows)))[2]
    rows = readings(**{"top 0.1": lambda taught, n: [taught if n % 5 < 2 else 1 - taught]})
    assert "no better and no worse than random ones" in verdict(found_of(evidence(answers=rows)))[2]


def measured(images=6, **random):
    theta = {"deletion": 0.2, "insertion": 0.8, "road": 0.3}
    return {
        name: {image: {**theta, **(random if name == "random" else {})} for image in NAMES[:images]}
        for name in ("theta", "random", "grad_cam")
    }


@pytest.mark.parametrize(
    ("random", "said"),
    [
        ({}, "theta and random pixels do not differ"),
        ({"deletion": 0.5}, "Yes: theta does better than random pixels on deletion, and worse on nothing."),
        ({"insertion": 0.5, "road": 0.0}, "Yes: theta does better than random pixels on insertion and ROAD"),
        ({"deletion": 0.1, "insertion": 0.5}, "Not by every measure: random pixels do better on deletion."),
        ({"insertion": 0.9}, "Not by every measure: random pixels do better on insertion."),
    ],
)
def test_the_teacher_is_asked_by_every_measure(random, said):
    answers = verdict(found_of(evidence(faithful=measured(**random))))
    assert said in answers[3]
    assert answers[0].startswith("Do not rely" if "Not by" in said else "No judge objects")


def test_five_images_tell_nothing_of_what_the_teacher_relies_on():
    answers = verdict(found_of(evidence(faithful=measured(images=5, deletion=0.1, insertion=0.9))))
    assert answers[3].endswith("It cannot be told: the teacher was asked about 5 images, fewer than 6.")
    assert answers[0].startswith("No judge objects")


def test_what_is_close_to_the_resemblance_of_different_images_is_not_sure():
    """Different images resemble each other by 0.4; the mean of half 0.0 and half 0.82 lies above it by a hair."""
    close = {"ssim": [0.0, 0.82] * (IMAGES // 2), "spearman": [0.5] * IMAGES}
    answers = verdict(found_of(evidence(retrained={**evidence().retrained, "other_seed": close})))
    assert answers[5].endswith("But it is too close to be sure.")
    assert answers[0] == "No judge objects to this map. Questions that could not be answered: 1 of 5."
    faint = {**close, "ssim": [0.0, 0.78] * (IMAGES // 2)}  # one of two trainings that must repeat does not
    answers = verdict(found_of(evidence(retrained={**evidence().retrained, "other_seed": faint})))
    assert "no more alike than the maps of different images" in answers[5]
    assert answers[0] == "Do not rely on this map. Answers against it: 1 of 5."


def test_an_alarm_may_be_doubtful_and_its_limits_are_options():
    rows = readings(theta=lambda taught, n: [taught if n > 1 else 1 - taught])  # 2 of 40: 0.05
    found = found_of(evidence(answers=rows))
    assert found["alarm"]["by_gap"]
    assert "these images are too few to be sure" in verdict(found)[1]
    rows = readings(theta=lambda taught, n: [taught if n > 19 else 1 - taught])
    found = found_of(evidence(answers=rows))
    assert "too few" not in verdict(found)[1]
    wide = Options(areas=[0.1, 1.0], alarm_gap=0.6, alarm_probe=0.05)
    assert not findings(evidence(answers=rows), NAMES, NAMES, wide)["alarm"]["rings"]


def test_a_map_that_tells_the_class_rings_the_alarm_where_the_student_leads():
    """A gap of 4 in 40 is allowed here and lies above zero; the map tells all classes, the honest one half of them."""
    rows = readings(theta=lambda taught, n: [taught if n > 3 else 1 - taught])
    given = evidence(answers=rows, probe={**evidence().probe, "theta": [1.0] * IMAGES})
    found = findings(given, NAMES, NAMES, Options(areas=[0.1, 1.0], alarm_gap=0.2))
    assert (found["alarm"]["by_gap"], found["alarm"]["by_probe"]) == (False, True)
    assert found["probe"]["advantage"]["mean"] == 0.5
    text = verdict(found)[1]
    assert "can be read from the map alone, without the image" in text
    assert "another reader of the same pixels" not in text


def test_little_that_a_map_tells_is_no_outline():
    """1 image of 40 more than the honest map tells is not more than the alarm allows."""
    probe = {**evidence().probe, "theta": [1.0] + [1.0, 0.0] * 19 + [1.0]}
    assert "No sign of it" in verdict(found_of(evidence(probe=probe)))[1]
