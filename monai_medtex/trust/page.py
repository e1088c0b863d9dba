# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monai_medtex.reporting.html_report import Section, bullets, listing, paragraph, picture, table
from monai_medtex.reporting.tables import Column

from .answers import QUESTIONS, verdict
from .sentences import about_code, about_differing, about_faithfulness, about_reader, about_repeating

__all__ = ["sections"]

Found = Mapping[str, Any]

INTRODUCTION = (
    "An explainer scores every pixel of an image; the scores are its map, theta. A small classifier, the student, "
    "sees the image through the map and repeats the answers of a large one, the teacher. That it repeats them well "
    "does not show that the map is right: the two were trained together and may have agreed on a code. So the map is "
    "judged here by what took no part in its training."
)
READER = (
    "EVAL-X is a classifier of another kind, trained apart, on the training images under random masks, to repeat the "
    "teacher's answers to the whole images (Jethani et al., 2021). It has seen no map of this explainer, so that it "
    "can read nothing from a map but the pixels that it shows. If the map marks what the answer rests on, EVAL-X "
    "comes to the teacher's answer by few of the highest-scoring pixels, and by fewer than by random ones."
)
CODE = (
    "A map can tell its reader the answer without showing any evidence: by where it is bright, or how bright it is. "
    "Then the student agrees with the teacher and another reader of the same pixels does not, and the answer can be "
    "read from the map without the image. The outline of a true lesion may tell the answer, too; so the second sign "
    "is measured against a map that is known to be honest, and rings only together with the first."
)
TEACHER = (
    "The teacher itself is asked, on images that are altered in the order of the scores: the highest-scoring pixels "
    "are taken away (deletion: its certainty should fall soon), put into a blurred image (insertion: it should rise "
    "soon), or replaced by their neighbours' colours (ROAD: losing the highest-scoring pixels should hurt more than "
    "losing the lowest-scoring ones). The teacher was not trained for such images, so that small differences mean "
    "little."
)
LEARNT = (
    "If a map is drawn from the image alone, say along its edges, it looks the same whatever the teacher knows. So "
    "the distillation is repeated from a teacher with random weights, and from one that was fitted to shuffled "
    "labels. Their maps must resemble the real ones no more than the real maps of different images resemble each "
    "other (Arun et al., 2021). SSIM is 1 for equal maps and near 0 for unrelated ones; each map is first brought to "
    "the range from 0 to 1."
)
AGAIN = (
    "A map that changes with the accidents of a training says little about the teacher. So the distillation is "
    "repeated with another seed, and from another teacher of the same recipe."
)
CAVEATS = (
    "EVAL-X finds codes that it cannot read. One that it can read, such as a map that points to evidence only where "
    "it suits the answer, it does not find (Puli et al., 2024): a silent alarm is no proof.",
    "EVAL-X has met masks of patches; a map that is grey all over shows it images such as it has hardly met. If it "
    "agrees by the highest-scoring pixels but not by what the student sees, the map may be too faint rather than a "
    "code.",
    "No part of this page says that the teacher is right, or that the map meets a lesion: see the comparison for that.",
    "Intervals describe the choice of test images, not other trainings: each retraining is a single one.",
    "This is research software. It is no medical device, and no map replaces a reading of the image.",
)
ALARM_CAPTION = (
    "Beyond the upper dashed line the alarm rings; beyond the lower one only if the upper interval lies above zero."
)
CURVE = (
    Column("name", "Shown to EVAL-X"),
    Column("agreement", "Agreement"),
    Column("kappa", "Kappa"),
    Column("images", "Images"),
)
FAITHFUL = (
    Column("name", "Map"),
    Column("deletion", "Deletion", "lower"),
    Column("insertion", "Insertion", "higher"),
    Column("road", "ROAD", "higher"),
)
NAMES = {
    "whole": "the whole image",
    "empty": "nothing of it",
    "theta": "what the student sees",
    "lesion": "the lesion alone",
    "top": "highest theta",
    "random": "random patches",
}
MAPS = {"theta": "Theta", "random": "Random map", "grad_cam": "Grad-CAM"}


def sections(found: Found, pictures: Mapping[str, bytes], record: Found) -> list[Section]:
    """Lay out the page: the verdict, then one question a section, its answer in words, and its figure.

    Args:
        found: of :func:`monai_medtex.trust.findings`.
        pictures: PNG files by name; what is missing is left out.
        record: everything, for the end of the page.
    """

    def figure(name: str, caption: str) -> list[str]:
        return [picture(pictures[name], caption)] if name in pictures else []

    overall, *answers = verdict(found)
    shown = [] if pictures else [paragraph("The figures are left out, since matplotlib is not installed.")]
    return [
        Section("The verdict", [paragraph(overall), bullets(answers), paragraph(INTRODUCTION), *shown]),
        Section(
            QUESTIONS["reader"],
            [
                bullets(about_reader(found)),
                *figure("curve", "Agreement with the teacher against the area shown, with 95 % intervals."),
                paragraph(READER),
                table(_curve_rows(found), CURVE, "Agreement of EVAL-X with the teacher"),
            ],
        ),
        Section(
            QUESTIONS["code"],
            [
                bullets(about_code(found)),
                *figure("alarm", ALARM_CAPTION),
                paragraph(CODE),
            ],
        ),
        Section(
            QUESTIONS["faithful"],
            [
                bullets(about_faithfulness(found)),
                *figure("faithful", f"Means over {found['faithful']['images']} images with 95 % intervals."),
                paragraph(TEACHER),
                table(
                    [{"name": MAPS[row["map"]], **row} for row in found["faithful"]["table"]],
                    FAITHFUL,
                    "On the teacher",
                ),
            ],
        ),
        Section(
            QUESTIONS["differs"],
            [
                bullets(about_differing(found)),
                *figure("randomised", "Left of the dashed line: as unlike as maps of different images."),
                paragraph(LEARNT),
            ],
        ),
        Section(
            QUESTIONS["repeats"],
            [
                bullets(about_repeating(found)),
                *figure("repeated", "Right of the dashed lines: more alike than maps of different images."),
                *figure("maps", "Theta of some test images on one scale from 0 to 1, by training."),
                paragraph(AGAIN),
            ],
        ),
        Section("What this page cannot tell", [bullets(CAVEATS)]),
        Section("How it was made", [listing({key: record[key] for key in ("options", "run", "data", "versions")})]),
    ]


def _curve_rows(found: Found) -> list[dict[str, Any]]:
    return [
        {**row, "name": NAMES[row["line"]] + ("" if row["area"] is None else f", {100 * row['area']:g} %")}
        for row in found["curve"]
    ]
