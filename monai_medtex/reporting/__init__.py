# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from .complexity import complexity
from .explained_figure import ExplainedImage, explained_figure, has_matplotlib
from .overlay import contour, explained_strip, heat_overlay
from .summary import left_out, write_summary

__all__ = [
    "ExplainedImage",
    "complexity",
    "contour",
    "explained_figure",
    "explained_strip",
    "has_matplotlib",
    "heat_overlay",
    "left_out",
    "write_summary",
]
