# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""The five questions of the page, each with an answer of one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from monai_medtex.metrics import FEWEST_GROUPS

from .estimate import Estimate

__all__ = [
    "QUESTIONS",
    "Answer",
    "code_answer",
    "differs_answer",
    "faithful_answer",
    "reader_answer",
    "repeats_answer",
    "side",
    "verdict",
]

Found = Mapping[str, Any]

MEASURES = {"deletion": "deletion", "insertion": "insertion", "road": "ROAD"}
QUESTIONS = {
    "code": "Does the map hide a code?",
    "reader": "Would another reader of these pixels come to the same answer?",
    "faithful": "Does the teacher rely on these pixels?",
    "differs": "Does the map owe anything to what the teacher has learnt?",
    "repeats": "Would another training have drawn the same map?",
}
UNLIKE = (
    "It cannot be told: these trainings differ from the run in more than the one thing ({unlike}), so that their maps "
    "may be unlike its own for that alone."
)
LEGIBLE = (
    "The alarm is silent: the teacher's class can be read from the map alone, but another reader of its pixels agrees "
    "with the teacher no less often than the student does, as where a lesion's outline tells the class."
)
ONE_CLASS = "It cannot be told: the {who} gives every test image the same class."


class Answer(NamedTuple):
    """An answer in words.

    Attributes:
        says: ``for`` the map, ``against`` it, or ``unclear``.
        text: one or two sentences.
    """

    says: Literal["for", "against", "unclear"]
    text: str


def _one_class(found: Found, *names: str) -> Answer | None:
    """Nothing can be learnt of someone who always says the same."""
    for who in names:
        if sum(count > 0 for count in found[f"{who}_classes"]) == 1:
            return Answer("unclear", ONE_CLASS.format(who=who))
    return None


def code_answer(found: Found) -> Answer:
    """Say whether the alarm rings, and why."""
    alarm = found["alarm"]
    if constant := _one_class(found, "teacher", "student"):
        return constant
    if not alarm["rings"]:
        if alarm["certain"] and found["probe"]["advantage"]["mean"] > alarm["alarm_probe"]:
            return Answer("for", LEGIBLE)
        if alarm["certain"]:
            return Answer("for", "No sign of it: the alarm is silent.")
        return Answer(
            "unclear",
            "The alarm is silent, but the interval of the gap reaches above what is allowed: these images are too few "
            "to tell.",
        )
    reasons = []
    if alarm["by_gap"]:
        reasons.append("the student agrees with the teacher more often than another reader of the same pixels does")
    if alarm["by_probe"]:
        reasons.append("the teacher's class can be read from the map alone, without the image")
    doubt = "" if alarm["certain"] else " The interval of the gap holds zero: these images are too few to be sure."
    return Answer("against", f"The alarm rings. The map must not be trusted: {', and '.join(reasons)}.{doubt}")


def reader_answer(found: Found) -> Answer:
    """Say whether theta's pixels tell EVAL-X more than random ones do."""
    if constant := _one_class(found, "teacher"):
        return constant
    if found["lead"]["low"] > 0:
        return Answer("for", "Yes, more often than with random pixels.")
    if found["lead"]["high"] < 0:
        return Answer("against", "No: random pixels tell it more.")
    return Answer(
        "unclear", "It cannot be told: on these images theta's pixels do no better and no worse than random ones."
    )


def side(difference: Estimate, measure: str) -> str:
    """Say whether a difference of deletion, insertion or ROAD speaks for the first of the two maps."""
    if difference.low <= 0 <= difference.high:
        return "not told apart"
    return "better" if (difference.mean < 0) == (measure == "deletion") else "worse"


def faithful_answer(found: Found) -> Answer:
    """Say whether the teacher misses theta's pixels more than random ones."""
    if (images := found["faithful"]["images"]) < FEWEST_GROUPS:
        few = f"the teacher was asked about {images} images, fewer than {FEWEST_GROUPS}"
        return Answer("unclear", f"It cannot be told: {few}.")
    row = next(row for row in found["faithful"]["theta_minus"] if row["map"] == "random")
    sides = {title: side(Estimate.of(row, measure), measure) for measure, title in MEASURES.items()}
    better = [title for title, found_side in sides.items() if found_side == "better"]
    worse = [title for title, found_side in sides.items() if found_side == "worse"]
    if worse:
        return Answer("against", f"Not by every measure: random pixels do better on {' and '.join(worse)}.")
    if better:
        return Answer(
            "for", f"Yes: theta does better than random pixels on {' and '.join(better)}, and worse on nothing."
        )
    return Answer("unclear", "It cannot be told: theta and random pixels do not differ by any measure on these images.")


def differs_answer(found: Found) -> Answer:
    """Say whether the maps of teachers that have learnt nothing differ from the real ones."""
    failed = "No: maps that owe nothing to what the teacher has learnt look much like the real ones."
    return _by_retraining(found, True, "Yes.", failed)


def repeats_answer(found: Found) -> Answer:
    """Say whether another training draws the same maps."""
    passed = "It is more like the map of the same image than like those of others."
    return _by_retraining(found, False, passed, "No: it is no more alike than the maps of different images are.")


def _by_retraining(found: Found, must_differ: bool, passed: str, failed: str) -> Answer:
    rows = [row for row in found["retrained"] if row["must_differ"] == must_differ]
    if not rows:
        return Answer("unclear", "It was not tried.")
    passes = all(row["passes"] for row in rows)
    if found["unlike"] and passes == must_differ:
        return Answer("unclear", UNLIKE.format(unlike=", ".join(found["unlike"])))
    certain = all(row["certain"] for row in rows)
    doubt = "" if certain else " But it is too close to be sure."
    if passes:
        return Answer("for" if certain else "unclear", f"{passed}{doubt}")
    return Answer("against", f"{failed}{doubt}")


ANSWERS = {
    "code": code_answer,
    "reader": reader_answer,
    "faithful": faithful_answer,
    "differs": differs_answer,
    "repeats": repeats_answer,
}


def verdict(found: Found) -> list[str]:
    """Say what came out in all, then the answer to each question."""
    answers = {name: answer(found) for name, answer in ANSWERS.items()}
    says = [answer.says for answer in answers.values()]
    if answers["code"].says == "against":
        overall = "This map must not be trusted: the alarm rings."
    elif against := says.count("against"):
        overall = f"Do not rely on this map. Answers against it: {against} of {len(says)}."
    elif unclear := says.count("unclear"):
        overall = f"No judge objects to this map. Questions that could not be answered: {unclear} of {len(says)}."
    else:
        overall = "No judge objects to this map."
    return [overall, *(f"{QUESTIONS[name]} {answer.text}" for name, answer in answers.items())]
