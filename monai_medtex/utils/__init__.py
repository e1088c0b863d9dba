# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from .errors import InputError, OneLineError, TrainingError, one_line, report_errors_in_one_line
from .files import atomic_write, file_digest, home, name_inside, save_tensors
from .leave_together import leave_together
from .options import check_at_least, check_between, check_path, edge_lengths, given_file, given_path
from .run_folder import check_as_run, fresh_folder, mark_finished, output_folder, read_settings, run_folder
from .teacher_store import ensure_teacher, teacher_path
from .versions import versions

__all__ = [
    "InputError",
    "OneLineError",
    "TrainingError",
    "atomic_write",
    "check_as_run",
    "check_at_least",
    "check_between",
    "check_path",
    "edge_lengths",
    "ensure_teacher",
    "file_digest",
    "fresh_folder",
    "given_file",
    "given_path",
    "home",
    "leave_together",
    "mark_finished",
    "name_inside",
    "one_line",
    "output_folder",
    "read_settings",
    "report_errors_in_one_line",
    "run_folder",
    "save_tensors",
    "teacher_path",
    "versions",
]
