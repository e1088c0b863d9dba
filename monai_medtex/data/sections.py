# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

__all__ = ["SECTIONS", "SECTION_OF", "sections_of"]

SECTIONS = ("training", "validation", "test")
SECTION_OF = {name: name for name in SECTIONS} | {"train": "training", "val": "validation"}


def sections_of(**entries: list[dict]) -> dict[str, list[dict]]:
    """Make a data list of the sections that are given; the others are empty."""
    return {section: entries.get(section, []) for section in SECTIONS}
