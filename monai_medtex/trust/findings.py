# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import torch

from monai_medtex.metrics import cohen_kappa, confusion_matrix

from .alarm import raise_alarm
from .estimate import Estimate, estimate
from .inquiry import Evidence
from .options import Options
from .retraining import RETRAININGS

__all__ = ["findings"]

WHO = ("teacher", "student")
MEASURES = ("deletion", "insertion", "road")
Row = dict[str, Any]


def findings(evidence: Evidence, groups: Sequence[Hashable], names: Sequence[str], options: Options) -> Row:
    """Turn what was found out image by image into figures with intervals.

    Args:
        evidence: of an inquiry.
        groups: of the test images, for the bootstrap.
        names: of the test images.
        options: of the user.

    Returns:
        ``images``, ``teacher_classes`` and ``student_classes`` (how often each was
        given), ``curve`` (a row for each line and area), ``lead`` (of theta's pixels over
        random ones, mean over the areas below 1), ``own``, ``gap``, ``whole_gap``, ``probe``, ``alarm``,
        ``faithful``, ``pairs``, ``retrained``, ``unlike`` and ``skipped``, of numbers and texts alone.
    """
    rows = evidence.answers
    own = [float(row["student"] == row["teacher"]) for row in rows]
    gap = estimate([right - agreed(row, "theta") for right, row in zip(own, rows, strict=True)], groups)
    whole = estimate([right - agreed(row, "whole") for right, row in zip(own, rows, strict=True)], groups)
    probe = _probe(evidence.probe, groups)
    alarm = raise_alarm(gap, Estimate(*probe["advantage"]), options.alarm_gap, options.alarm_probe)
    return {
        "images": len(rows),
        **{f"{who}_classes": torch.bincount(torch.tensor([row[who] for row in rows])).tolist() for who in WHO},
        "curve": _curve(rows, groups),
        "lead": _lead(rows, groups, [area for area in options.areas if area < 1])._asdict(),
        "own": estimate(own, groups)._asdict(),
        "gap": gap._asdict(),
        "whole_gap": whole._asdict(),
        "probe": {**probe, "advantage": Estimate(*probe["advantage"])._asdict()},
        "alarm": {**alarm._asdict(), **options.only("alarm_gap", "alarm_probe")},
        "faithful": _faithful(evidence.faithful, dict(zip(names, groups, strict=True))),
        "pairs": {"count": len(evidence.pairs["ssim"]), **_resemblance(evidence.pairs, None)},
        "retrained": _retrained(evidence, groups),
        "unlike": list(evidence.unlike),
        "skipped": {RETRAININGS[name].title: reason for name, reason in evidence.skipped.items()},
    }


def agreed(row: Row, view: str) -> float:
    """How often EVAL-X gave the teacher's class to a view of an image; NaN where there was no such view."""
    classes = row["eval_x"].get(view, [])
    return sum(answer == row["teacher"] for answer in classes) / len(classes) if classes else float("nan")


def _curve(rows: Sequence[Row], groups: Sequence[Hashable]) -> list[Row]:
    views = dict.fromkeys(view for row in rows for view in row["eval_x"])
    curve = []
    for view in views:
        line, _, area = view.partition(" ")
        values = [agreed(row, view) for row in rows]
        curve.append(
            {
                "line": line,
                "area": float(area) if area else None,
                **estimate(values, groups).named("agreement"),
                "kappa": _kappa(rows, view),
                "images": sum(value == value for value in values),
            }
        )
    return curve


def _lead(rows: Sequence[Row], groups: Sequence[Hashable], areas: Sequence[float]) -> Estimate:
    leads = [
        sum(agreed(row, f"top {area:g}") - agreed(row, f"random {area:g}") for area in areas) / max(1, len(areas))
        for row in rows
    ]
    return estimate(leads, groups)


def _kappa(rows: Sequence[Row], view: str) -> float:
    pairs = [(answer, row["teacher"]) for row in rows for answer in row["eval_x"].get(view, [])]
    given, taught = (torch.tensor(side, dtype=torch.int64) for side in zip(*pairs, strict=True))
    return float(cohen_kappa(confusion_matrix(given, taught, int(max(given.max(), taught.max())) + 1)))


def _probe(probe: Row, groups: Sequence[Hashable]) -> Row:
    own = [groups[position] for position in probe["images"]]
    advantage = [theta - honest for theta, honest in zip(probe["theta"], probe["honest"], strict=True)]
    return {
        "control": probe["control"],
        "training_images": probe["training_images"],
        "images": len(own),
        "commonest": probe["commonest"],
        **estimate(probe["theta"], own).named("theta"),
        **estimate(probe["honest"], own).named("honest"),
        "advantage": tuple(estimate(advantage, own)),
    }


def _faithful(faithful: dict[str, dict[str, Row]], groups: dict[str, Hashable]) -> Row:
    images = list(faithful["theta"])
    drawn = [groups[image] for image in images]
    table, pairs = [], []
    for name, rows in faithful.items():
        row: Row = {"map": name}
        pair: Row = {"map": name}
        for measure in MEASURES:
            values = [rows[image][measure] for image in images]
            row |= estimate(values, drawn).named(measure)
            differences = [faithful["theta"][image][measure] - rows[image][measure] for image in images]
            pair |= estimate(differences, drawn).named(measure)
        table.append(row)
        pairs.append(pair)
    return {"images": len(images), "table": table, "theta_minus": pairs[1:]}


def _resemblance(found: dict[str, list[float]], groups: Sequence[Hashable] | None) -> Row:
    return {**estimate(found["ssim"], groups).named("ssim"), **estimate(found["spearman"], groups).named("spearman")}


def _retrained(evidence: Evidence, groups: Sequence[Hashable]) -> list[Row]:
    """Judge each retraining by the mean SSIM of random pairs of different images' maps (Arun et al., 2021)."""
    threshold = estimate(evidence.pairs["ssim"]).mean
    rows = []
    for name, found in evidence.retrained.items():
        row = _resemblance(found, groups)
        below = row["ssim"] < threshold
        differs = RETRAININGS[name].must_differ
        rows.append(
            {
                "name": name,
                "title": RETRAININGS[name].title,
                "must_differ": differs,
                **row,
                "passes": below if differs else row["ssim"] > threshold,
                "certain": not row["ssim_low"] <= threshold <= row["ssim_high"],
            }
        )
    return rows
