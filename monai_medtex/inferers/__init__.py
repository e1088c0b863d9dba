# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from .autocast import AutocastInferer
from .class_explanation import ClassExplanationInferer
from .distillation import DistillationInferer, ExplanationInferer, has_fast_bfloat16
from .windowed import WindowedInferer, answer_of_windows

__all__ = [
    "AutocastInferer",
    "ClassExplanationInferer",
    "DistillationInferer",
    "ExplanationInferer",
    "WindowedInferer",
    "answer_of_windows",
    "has_fast_bfloat16",
]
