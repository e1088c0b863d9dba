# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""The project's pages: README.md, docs/ (with the notebook's texts), the bundles' and the benchmarks'."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATTERNS = ("README.md", "CHANGELOG.md", "docs/**/*.md", "docs/*.ipynb", "bundles/*/docs/*.md", "benchmarks/*.md")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"(`+)[^`]+\1")


class Page(NamedTuple):
    path: Path
    text: str

    @property
    def prose(self) -> str:
        """The page without its blocks of code."""
        return FENCE.sub("", self.text)

    @property
    def links(self) -> list[tuple[str, str]]:
        """Text and target of every link, and of every picture."""
        return re.findall(r"\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)", self.prose)

    @property
    def anchors(self) -> set[str]:
        """What GitHub makes of the headings."""
        found: dict[str, int] = {}
        for heading in re.findall(r"^#{1,6} +(.+?) *$", self.prose, re.MULTILINE):
            plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
            slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
            found[slug] = found.get(slug, -1) + 1
        return {f"{slug}-{number}" if number else slug for slug, last in found.items() for number in range(last + 1)}


def read_page(path: Path) -> Page:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown"]
        text = "\n\n".join("".join(cell["source"]) for cell in cells)
    return Page(path, text)


PAGES = sorted({path for pattern in PATTERNS for path in ROOT.glob(pattern)})


@pytest.fixture(params=PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def page(request) -> Page:
    return read_page(request.param)


@pytest.fixture
def root() -> Path:
    return ROOT


@pytest.fixture
def open_page():
    return read_page
