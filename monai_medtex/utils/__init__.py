# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from .errors import InputError, OneLineError, TrainingError, report_errors_in_one_line
from .files import atomic_write, home
from .run_folder import fresh_folder, read_settings, run_folder
from .teacher_store import ensure_teacher, teacher_path
from .versions import versions

__all__ = [
    "InputError",
    "OneLineError",
    "TrainingError",
    "atomic_write",
    "ensure_teacher",
    "fresh_folder",
    "home",
    "read_settings",
    "report_errors_in_one_line",
    "run_folder",
    "teacher_path",
    "versions",
]
