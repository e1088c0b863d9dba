# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import platform
from importlib.metadata import version

__all__ = ["versions"]


def versions() -> dict[str, str]:
    """Return the versions of what a result depends on."""
    packages = ("monai_medtex", "monai", "torch", "pytorch-ignite", "numpy")
    return {"python": platform.python_version(), **{name: version(name) for name in packages}}
