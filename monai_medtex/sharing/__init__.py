# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""Share the deployed pair, or a teacher, as a bundle, and receive one, with nothing that should not travel."""

from __future__ import annotations

from .bundle_zip import write_zip
from .exports import bare_exports
from .finished_run import FinishedRun, open_run
from .identifiers import identifiers
from .inference_config import standalone_inference
from .leaks import Confidential, Shared, refuse_leaks
from .measured import Figures, measured
from .metadata import write_metadata
from .model_card import model_card
from .pack import pack
from .receive import receive
from .teacher_weights import teacher_tensors

__all__ = [
    "Confidential",
    "Figures",
    "FinishedRun",
    "Shared",
    "bare_exports",
    "identifiers",
    "measured",
    "model_card",
    "open_run",
    "pack",
    "receive",
    "refuse_leaks",
    "standalone_inference",
    "teacher_tensors",
    "write_metadata",
    "write_zip",
]
