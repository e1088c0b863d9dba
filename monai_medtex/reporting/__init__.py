# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from .agreement_table import PAPER_SOURCE, PAPER_TABLE_1, agreement_table
from .compared_image import ComparedImage
from .comparison_report import write_comparison_report
from .comparison_rows import parse_rows
from .complexity import complexity
from .explained_figure import ExplainedImage, explained_figure, has_matplotlib
from .html_report import Section, write_html_report
from .iou_figure import iou_figure
from .map_scores import MAP_METRICS, iou_levels, map_levels, map_scores
from .map_table import map_table
from .overlay import contour, explained_strip, heat_overlay
from .pairwise_table import pairwise_table
from .region_figure import region_figure
from .selection_figure import selection_figure
from .summary import cautions, left_out, write_summary
from .tables import Column, markdown_table, write_csv
from .theta_figure import theta_figure

__all__ = [
    "MAP_METRICS",
    "PAPER_SOURCE",
    "PAPER_TABLE_1",
    "Column",
    "ComparedImage",
    "ExplainedImage",
    "Section",
    "agreement_table",
    "cautions",
    "complexity",
    "contour",
    "explained_figure",
    "explained_strip",
    "has_matplotlib",
    "heat_overlay",
    "iou_figure",
    "iou_levels",
    "left_out",
    "map_levels",
    "map_scores",
    "map_table",
    "markdown_table",
    "pairwise_table",
    "parse_rows",
    "region_figure",
    "selection_figure",
    "theta_figure",
    "write_comparison_report",
    "write_csv",
    "write_html_report",
    "write_summary",
]
