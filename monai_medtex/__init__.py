# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0
"""MED-TEX for MONAI: transfer and explain the knowledge of a frozen classifier."""

from __future__ import annotations

from . import data, handlers, inferers, losses, metrics, networks, reporting, utils

__version__ = "0.1.0"

__all__ = ["__version__", "data", "handlers", "inferers", "losses", "metrics", "networks", "reporting", "utils"]
