# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from .comparison_rows import Failed, Row, percent

__all__ = ["CAVEATS", "agreement_sentences", "failure_sentence", "map_sentences"]

# pairs whose order in the paper's Table 1 is the same with 25 % and 50 %, better first
PAPER_ORDERS = (
    ("MED-TEX", "MED-EX"),
    ("MED-EX", "Student (only)"),
    ("MED-TEX", "ResNet18+KD"),
    ("MED-TEX", "ResNet18+VID"),
)

CAVEATS = (
    "Where the teacher gives most images one class, a student that always answers so agrees often: kappa, the "
    "agreement beyond that, is then 0.",
    "Agreement compares a student with its teacher, not with the truth: a student that repeats its teacher's "
    "mistakes agrees with it. Accuracy against human labels stands beside it.",
    "High agreement does not show that a map is right. Nothing in the method's objective bounds theta, and the "
    "student that reads the masked image was trained together with it: both can agree on a code that means "
    "nothing to others.",
    "A map that overlaps a lesion does not prove that the teacher used the lesion, and one that misses it may "
    "still be true to a teacher that looks elsewhere. Deletion, insertion and ROAD ask the teacher itself, on "
    "altered images that it was not trained for.",
    "Intervals and p values describe the choice of test images, not other hospitals, cameras or training data; p "
    "values are not corrected for the number of comparisons.",
    "This is research software. It is no medical device, and no map replaces a reading of the image.",
)


def agreement_sentences(table: Sequence[Row], reference: str) -> list[str]:
    """Say in plain words how well the reference method's student agrees, and whether the paper's order holds.

    Args:
        table: of :func:`~monai_medtex.reporting.agreement_table`.
        reference: the method.
    """
    sentences = _teacher(table)
    for fraction in sorted({row["fraction"] for row in table}):
        known = {row["method"]: row for row in table if row["fraction"] == fraction and _known(row)}
        if reference in known:
            sentences.append(_agreement(known, reference, fraction))
        if order := _order(known):
            sentences.append(f"The paper's order with {percent(fraction)}: {order}.")
    return sentences


def _teacher(table: Sequence[Row]) -> list[str]:
    row = next((row for row in table if not math.isnan(row.get("teacher_accuracy", math.nan))), None)
    if row is None:
        return []
    runs = "one seed" if row["seeds"] == 1 else f"mean of {row['seeds']} seeds"
    right = percent(row["teacher_accuracy"], 1)
    return [f"The teacher itself gives the right label to {right} of {row['labelled']} test images ({runs})."]


def _known(row: Row) -> bool:
    return not math.isnan(row.get("agreement_accuracy", math.nan))


def _agreement(known: Mapping[str, Row], reference: str, fraction: float) -> str:
    own = known[reference]
    text = (
        f"Distilled with {percent(fraction)} of the training images, {reference} gives the teacher's class to "
        f"{percent(own['agreement_accuracy'], 1)} of {own['images']} test images ({_runs(own)})"
    )
    others = [row for name, row in known.items() if name != reference]
    if not others:
        return f"{text}."
    best = max(others, key=lambda row: row["agreement_accuracy"])
    return f"{text}; the best of the other methods, {best['method']}, to {percent(best['agreement_accuracy'], 1)}."


def _runs(row: Row) -> str:
    if math.isnan(row["agreement_accuracy_std"]):
        return "one seed"
    return f"mean of {row['seeds']} seeds, standard deviation {100 * row['agreement_accuracy_std']:.1f} points"


def _order(known: Mapping[str, Row]) -> str:
    pairs = [(better, worse) for better, worse in PAPER_ORDERS if better in known and worse in known]
    return "; ".join(
        f"{better} at least as good as {worse}: "
        + ("yes" if known[better]["agreement_accuracy"] >= known[worse]["agreement_accuracy"] else "no")
        for better, worse in pairs
    )


def map_sentences(table: Sequence[Row], pairs: Sequence[Row], levels: Row, reference: str) -> list[str]:
    """Say in plain words how the reference method's maps compare with chance and with the best other method.

    Args:
        table: of :func:`~monai_medtex.reporting.map_table`, of one fraction.
        pairs: of :func:`~monai_medtex.reporting.pairwise_table`, of the same.
        levels: of :func:`~monai_medtex.reporting.map_levels`, of the same.
        reference: the method.
    """
    own = next((row for row in table if row["method"] == reference and "failed" not in row), None)
    if own is None or math.isnan(own["iou_mean"]):
        return []
    reach = f"{own['iou_mean']:.3f} (95 % interval {own['iou_mean_low']:.3f} to {own['iou_mean_high']:.3f})"
    sentences = [
        f"On {own['images']} images with a lesion that the teacher recognises, the highest-scoring "
        f"pixels of {reference} (1/64 to 6/64 of the image) overlap the lesion with a mean IoU of {reach}; as many "
        f"random pixels reach {levels['iou_chance']:.3f}, a perfect choice {levels['iou_ceiling']:.3f}."
    ]
    best = next((pair for pair in pairs if pair["metric"] == "iou_mean" and pair["best_other"]), None)
    return [*sentences, _difference(best)] if best else sentences


def _difference(pair: Row) -> str:
    interval = f"95 % interval {pair['low']:+.3f} to {pair['high']:+.3f}"
    p_value, verdict = f", p = {pair['p_value']:.3f}", "higher" if pair["difference"] > 0 else "lower"
    if math.isnan(pair["p_value"]):
        p_value, verdict = "", "of too few images to tell"
    elif pair["low"] <= 0 <= pair["high"]:
        verdict = "not told apart by these images"
    return (
        f"The best other method by this measure is {pair['method']}: {pair['reference']} minus {pair['method']} is "
        f"{pair['difference']:+.3f} ({interval}{p_value}), {verdict}."
    )


def failure_sentence(failed: Failed) -> list[str]:
    """Say how much failed, if anything did."""
    methods = ", ".join(dict.fromkeys(method for method, _, _ in failed))
    return [f"{len(failed)} runs failed ({methods}); the others are reported without them."] if failed else []
