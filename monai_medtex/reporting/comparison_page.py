# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .agreement_table import PAPER_SOURCE
from .comparison_rows import Failed, Row, percent
from .comparison_tables import AGREEMENT_COLUMNS, MAP_COLUMNS, by_fraction, share
from .headline import agreement_sentences, failure_sentence, map_sentences
from .html_report import bullets, listing, paragraph, subheading, table
from .map_part import MapPart
from .map_scores import MAP_METRICS
from .tables import Column, known_columns

__all__ = ["agreement_blocks", "came_out", "failures", "made_blocks", "map_blocks"]

PAIR_COLUMNS = (
    Column("title", "Measure"),
    Column("method", "Best other method"),
    Column("difference", "Difference"),
    Column("p_value", "p"),
)
INTRODUCTION = (
    "A large classifier, the teacher, was distilled into small ones, the students, and its decisions were "
    "explained by maps that score every pixel. This page compares {count} methods: how often a student decides as "
    "the teacher does, and how well the highest scores of a map meet the lesions that experts outlined."
)
AGREEMENT_NOTE = (
    "Agreement and its F1 compare the student with the teacher; KL is the divergence of the student's "
    "probabilities from the teacher's; label accuracy and ECE (expected calibration error, 15 bins) compare with "
    "human labels. Mean ± standard deviation over the seeds; the best of a column is marked. The paper's figures "
    "are from other images: {source}."
)
MAP_NOTE = (
    "Means over {images} images with 95 % intervals of the paired bootstrap over {groups} patients (images, where no "
    "patient is known); each image is first averaged over the seeds. The best of a column is marked. Deletion, "
    "insertion and ROAD alter the image and ask the teacher, for {altered} of the images; the others compare with the "
    "lesion."
)
LESION_NOTE = (
    "Only images with a lesion that the teacher classifies as labelled (as not normal, where no label is known). "
    "Chance levels: IoU {iou_chance:.3f} (a perfect choice: {iou_ceiling:.3f}), hit rate, mass and AUPRC "
    "{lesion_share:.3f}, lift of mass 1, AUROC 0.5."
)
NO_MAP = "Left out: no method has a map, or the teacher recognises no image with a lesion."
PAIR_NOTE = (
    "{reference} against the best other method of each measure, on the same draws of the images and seeds that both "
    "have; the difference is {reference} minus the other, so that for deletion a negative one is in its favour. All "
    "pairs are in pairwise.csv."
)


def came_out(
    methods: Sequence[str], agreement: Sequence[Row], parts: Sequence[MapPart], failed: Failed, reference: str
) -> list[str]:
    """Say the results in plain words; of the maps, those of the largest fraction."""
    last = parts[-1]
    sentences = agreement_sentences(agreement, reference)
    sentences += map_sentences(last.rows, last.pairs, last.levels, reference) + failure_sentence(failed)
    return [paragraph(INTRODUCTION.format(count=len(methods))), bullets(sentences)]


def agreement_blocks(agreement: Sequence[Row]) -> list[str]:
    """Show the table of the students, one per fraction."""
    if not agreement:
        return [paragraph("Left out: no method has a student.")]
    tables = [
        table(part, known_columns(part, AGREEMENT_COLUMNS), heading) for heading, part in by_fraction(agreement).items()
    ]
    return [*tables, paragraph(AGREEMENT_NOTE.format(source=PAPER_SOURCE))]


def map_blocks(parts: Sequence[MapPart], reference: str) -> list[str]:
    """Show the tables of the maps, one per fraction, each with the tests against the best others."""
    titles = {metric.name: metric.title for metric in MAP_METRICS}
    blocks = []
    for part in (part for part in parts if part.rows):
        blocks += [
            table(part.rows, known_columns(part.rows, MAP_COLUMNS), share(part.fraction)),
            paragraph(MAP_NOTE.format(**part.levels)),
        ]
        blocks += [paragraph(LESION_NOTE.format(**part.levels))] * (part.levels["iou_chance"] > 0)
        best = [_shown_pair(pair, titles) for pair in part.pairs if pair["best_other"]]
        if best:
            blocks += [table(best, PAIR_COLUMNS, f"{reference} against the best other method")]
            blocks += [paragraph(PAIR_NOTE.format(reference=reference))]
    return blocks or [paragraph(NO_MAP)]


def _shown_pair(pair: Row, titles: Mapping[str, str]) -> Row:
    interval = {"difference_low": pair["low"], "difference_high": pair["high"]}
    return {**pair, **interval, "title": titles[pair["metric"]]}


def failures(failed: Failed) -> list[str]:
    """Say in one line each what failed and why."""
    lines = []
    for (method, fraction, seed), reason in failed.items():
        share = "" if fraction is None else f", {percent(fraction)}"
        lines.append(f"{method}{share}{'' if seed is None else f', seed {seed}'}: {reason}")
    return lines or ["Nothing failed."]


def made_blocks(about: Mapping[str, Any]) -> list[str]:
    """Show everything that is said of how the numbers came about, the configuration last."""
    names = sorted((name for name in about if name != "title"), key=lambda name: name == "configuration")
    return [block for name in names for block in (subheading(name), listing(about[name]))]
