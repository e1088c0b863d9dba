# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import ast
import re
from pathlib import Path


def names_in(module: Path) -> set[str]:
    """Classes, functions, constants and methods (``Class.method``) that a file defines."""
    found = set()
    for node in ast.parse(module.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{part.name}" for part in node.body if isinstance(part, ast.FunctionDef)}
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found


def test_links_lead_somewhere(page, open_page):
    for text, target in page.links:
        if re.match(r"\w+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (page.path.parent / name).resolve() if name else page.path
        assert path.exists(), f"[{text}]({target})"
        if anchor:
            assert anchor in open_page(path).anchors, f"[{text}]({target})"


def test_names_stand_in_the_files_that_they_link(page):
    for text, target in page.links:
        name = re.fullmatch(r"`([\w.]+)`", text)
        if name and target.endswith(".py"):
            assert name[1] in names_in((page.path.parent / target).resolve()), f"[{text}]({target})"


def test_formulas_keep_what_markdown_would_take_from_them(page):
    """Outside of a block, GitHub takes the backslash of ``\\,`` and its like."""
    for formula in re.findall(r"(?<![\\$])\$([^$\n]+)\$", re.sub(r"`[^`\n]*`", "", page.prose)):
        assert not re.search(r"\\[^A-Za-z ]", formula), formula


def test_the_method_page_has_every_equation(root, open_page):
    text = open_page(root / "docs" / "method.md").text
    ranges = re.findall(r"[Ee]q\. (\d+)(?: (to|and) (\d+))?", text)
    numbers = {int(first) for first, _, _ in ranges} | {int(last) for _, _, last in ranges if last}
    for first, word, last in ranges:
        numbers |= set(range(int(first), int(last) + 1)) if word == "to" else set()
    assert set(range(1, 15)) <= numbers | {5}  # "eq. 4, 5 and 6" is a list
