# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import platform

import ignite
import monai
import numpy as np
import torch

import monai_medtex
from monai_medtex.utils import versions


def test_versions_are_those_of_the_modules():
    assert versions() == {
        "python": platform.python_version(),
        "monai_medtex": monai_medtex.__version__,
        "monai": monai.__version__,
        "torch": torch.__version__,
        "pytorch-ignite": ignite.__version__,
        "numpy": np.__version__,
    }
