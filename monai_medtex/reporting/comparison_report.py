# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .agreement_table import agreement_table
from .compared_image import ComparedImage
from .comparison_figures import ReportFigure, comparison_figures, save_figure
from .comparison_page import agreement_blocks, came_out, failures, made_blocks, map_blocks
from .comparison_rows import Failed, fractions, parse_rows
from .comparison_tables import write_tables
from .headline import CAVEATS
from .html_report import Section, bullets, links, paragraph, picture, write_html_report
from .map_part import map_part

__all__ = ["write_comparison_report"]


def write_comparison_report(
    folder: str | os.PathLike,
    rows: Sequence[Mapping[str, Any]],
    samples: Sequence[ComparedImage],
    methods: Sequence[str],
    failed: Failed,
    about: Mapping[str, Any],
    num_classes: int = 2,
    reference: str = "MED-TEX",
) -> None:
    """Write what a comparison found, from saved numbers alone; every file appears in one step.

    ``table1.csv/.md`` (agreement), ``maps.csv/.md`` and ``pairwise.csv`` (maps against lesions and teacher),
    ``fig2.png`` to ``fig5.png``, ``per_image.csv`` (the rows as given) and the self-contained ``index.html``. A figure
    or table that lacks lesions, samples or methods is left out, and the page says why. Figure 2 shows the largest
    fraction.

    Args:
        folder: where to.
        rows: one per method x fraction x seed x image, as read from CSV or as numbers; empty, None or NaN is unknown.
            Columns: method, fraction (of the training images, 0.25 for 25 %; empty for maps that need no distillation),
            seed, image, patient, label, teacher_class, student_class, student_confidence, predictive_kl, iou_top1 to
            iou_top6, iou_chance, iou_ceiling, hit, mass_accuracy, mass_lift, auprc, auroc, lesion_share, deletion,
            insertion, road; others are kept in ``per_image.csv``.
        samples: images for figures 3 to 5.
        methods: display names in the order of the tables; the paper's names get the paper's figures beside them.
        failed: (method, fraction or None, seed or None) to the reason in one line.
        about: all optional: ``title``, ``parameters`` (method to number of deployed parameters), ``configuration``;
            anything else, such as data, fingerprint, seeds, versions, commands, is shown under its name, a text as
            it is and the rest as JSON.
        num_classes: 2 gives the F1 of class 1, more the macro F1.
        reference: the method that all others are tested against.

    Raises:
        InputError: when a row names a method that ``methods`` lacks, or holds a text where a number belongs.
    """
    folder = Path(folder)
    parsed = parse_rows(rows, methods)
    agreement = agreement_table(parsed, methods, failed, about.get("parameters", {}), num_classes)
    shares: list[float | None] = [*fractions(parsed)]
    parts = [map_part(parsed, methods, fraction, failed, reference) for fraction in shares or [None]]
    figures = comparison_figures(parts[-1].rows, parts[-1].iou_levels, samples, methods, reference)
    files = write_tables(folder, rows, agreement, parts)
    sections = [
        Section("What came out", came_out(methods, agreement, parts, failed, reference)),
        Section("What this does not show", [bullets(CAVEATS)]),
        Section("Table 1: agreement with the teacher", agreement_blocks(agreement)),
        Section("Maps: overlap with lesions, and what the teacher says of them", map_blocks(parts, reference)),
        Section("Figures", [_figure_block(figure, folder) for figure in figures]),
        Section("What failed", [bullets(failures(failed))]),
        Section("How it was made", made_blocks(about)),
        Section("Raw numbers", [links([*files, *(f"{figure.name}.png" for figure in figures if not figure.lacking)])]),
    ]
    write_html_report(folder / "index.html", about.get("title", "MED-TEX: comparison of methods"), sections)


def _figure_block(figure: ReportFigure, folder: Path) -> str:
    png = save_figure(figure, folder)
    return picture(png, figure.caption) if png else paragraph(f"{figure.caption} Left out: {figure.lacking}.")
