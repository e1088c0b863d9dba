# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from .distillation import DistillationInferer, ExplanationInferer, has_fast_bfloat16

__all__ = ["DistillationInferer", "ExplanationInferer", "has_fast_bfloat16"]
