# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""What the figures mean, for someone who has not read the papers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .answers import (
    MEASURES,
    code_answer,
    differs_answer,
    faithful_answer,
    reader_answer,
    repeats_answer,
    side,
)
from .estimate import Estimate

__all__ = ["about_code", "about_differing", "about_faithfulness", "about_reader", "about_repeating"]

Found = Mapping[str, Any]

MAPS = {"random": "a random map", "grad_cam": "Grad-CAM"}


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _points(difference: Found) -> str:
    mean, low, high = (f"{100 * difference[key]:+.1f}" for key in ("mean", "low", "high"))
    return f"{mean} points (95 % interval {low} to {high})"


def _line(found: Found, name: str) -> Found:
    """Return a line that does not depend on the area; empty where there is none."""
    return next((row for row in found["curve"] if row["line"] == name), {})


def about_reader(found: Found) -> list[str]:
    """Say how often EVAL-X comes to the teacher's class, and by what."""
    theta, whole, empty = (_percent(_line(found, name)["agreement"]) for name in ("theta", "whole", "empty"))
    sentences = [
        f"{reader_answer(found).text} Over the areas below 100 %, EVAL-X gives the teacher's class more often to the "
        f"highest-scoring pixels than to random patches of the same area by {_points(found['lead'])}.",
        f"Shown what the student sees, EVAL-X gives the teacher's class to {theta} of {found['images']} test images, "
        f"the student to {_percent(found['own']['mean'])}. Shown whole images, EVAL-X gives it to {whole}, which is "
        f"about the most to expect of it; shown none of their pixels, to {empty}.",
    ]
    if lesion := _line(found, "lesion"):
        share = _percent(lesion["agreement"])
        sentences.append(f"Shown the lesion alone, to {share} of the {lesion['images']} images that have one.")
    return sentences


def about_code(found: Found) -> list[str]:
    """Say whether the alarm rings, why, and how sure that is."""
    alarm, probe = found["alarm"], found["probe"]
    theta, honest, commonest = (_percent(probe[name]) for name in ("theta", "honest", "commonest"))
    return [
        code_answer(found).text,
        f"The student's agreement minus that of EVAL-X, on the same masked images: {_points(found['gap'])}; at most "
        f"{100 * alarm['alarm_gap']:+.1f} is allowed. The student's agreement minus that of EVAL-X on whole images, "
        f"where nothing can be encoded: {_points(found['whole_gap'])}; so much of the gap may be its own weakness.",
        f"A small classifier that sees the map alone tells the teacher's class of {theta} of {probe['images']} test "
        f"images; one that sees {probe['control']} alone, of {honest}; always naming the commonest class, of "
        f"{commonest}. The difference of the two: {_points(probe['advantage'])}; it counts above "
        f"{100 * alarm['alarm_probe']:+.1f}, if the gap lies above zero.",
    ]


def about_faithfulness(found: Found) -> list[str]:
    """Compare theta with a random map and with Grad-CAM on the teacher."""
    sentences = [faithful_answer(found).text]
    for row in found["faithful"]["theta_minus"]:
        differences = {measure: Estimate.of(row, measure) for measure in MEASURES}
        parts = [
            f"{MEASURES[measure]} {difference.mean:+.3f} ({difference.low:+.3f} to {difference.high:+.3f}, "
            f"{side(difference, measure)})"
            for measure, difference in differences.items()
        ]
        sentences.append(f"Theta minus {MAPS[row['map']]}: {'; '.join(parts)}.")
    return sentences


def about_differing(found: Found) -> list[str]:
    """Say how little the maps of teachers that have learnt nothing resemble the real ones."""
    threshold = found["pairs"]["ssim"]
    sentences = [
        f"Distilled from {row['title']}, the maps of the same images have a mean SSIM of {Estimate.of(row, 'ssim')} "
        f"with the real ones; {found['pairs']['count']} pairs of different images have {threshold:.3f}. {_passed(row)}."
        for row in _retrained(found, True)
    ]
    titles = ("a teacher with random weights", "a teacher of shuffled labels")
    return [differs_answer(found).text, *sentences, *_left_out(found, titles)]


def about_repeating(found: Found) -> list[str]:
    """Say how much the maps of other trainings resemble the real ones."""
    pairs = found["pairs"]
    sentences = [
        f"Distilled with {row['title']}, the maps of the same images have a mean SSIM of {Estimate.of(row, 'ssim')} "
        f"with the real ones (different images: {pairs['ssim']:.3f}), and the ranks of their pixels a correlation of "
        f"{Estimate.of(row, 'spearman')} (different images: {pairs['spearman']:.3f}). {_passed(row)}, by SSIM."
        for row in _retrained(found, False)
    ]
    return [repeats_answer(found).text, *sentences, *_left_out(found, ("another seed", "another teacher"))]


def _retrained(found: Found, must_differ: bool) -> list[Found]:
    return [row for row in found["retrained"] if row["must_differ"] == must_differ]


def _passed(row: Found) -> str:
    return f"{'Passed' if row['passes'] else 'Not passed'}{'' if row['certain'] else ', too close to be sure'}"


def _left_out(found: Found, titles: tuple[str, ...]) -> list[str]:
    return [f"For {title}: {found['skipped'][title]}." for title in titles if title in found["skipped"]]
