# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0
"""Every method trained and judged on the same images, from one command."""

from __future__ import annotations

from .compare import Comparison
from .judge import Judge
from .judged_image import JudgedImage, load_images, sample_images
from .main import compare
from .native import to_native
from .plan import Method, Task, plan, read_methods
from .progress import time_left
from .workflow import config_folder, open_workflow

__all__ = [
    "Comparison",
    "Judge",
    "JudgedImage",
    "Method",
    "Task",
    "compare",
    "config_folder",
    "load_images",
    "open_workflow",
    "plan",
    "read_methods",
    "sample_images",
    "time_left",
    "to_native",
]
