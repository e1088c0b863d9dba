# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""The deployed pair as files that need no Python package of the project: TorchScript, ONNX, exported program."""

from __future__ import annotations

from .costs import costs_section, network_costs, teacher_costs, write_costs
from .exchange import EXCHANGE_FORMATS, Exchange, check_formats
from .export import export_pair
from .parity import ParityError, largest_differences, synthetic_images
from .synthetic_windows import synthetic_windows
from .with_theta import WithTheta

__all__ = [
    "EXCHANGE_FORMATS",
    "Exchange",
    "ParityError",
    "WithTheta",
    "check_formats",
    "costs_section",
    "export_pair",
    "largest_differences",
    "network_costs",
    "synthetic_images",
    "synthetic_windows",
    "teacher_costs",
    "write_costs",
]
