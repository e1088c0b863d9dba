# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

pytest.importorskip("furo", reason="the extra docs is missing")
build = pytest.importorskip("sphinx.cmd.build", reason="the extra docs is missing")

pytestmark = pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The documentation, built with warnings as errors."""
    pages = Path(__file__).resolve().parents[2] / "docs"
    folder = tmp_path_factory.mktemp("site")
    assert build.build_main(["-q", "-W", "-b", "html", str(pages), str(folder)]) == 0
    return folder


def test_every_public_class_and_function_is_described(site, root):
    for name in sorted(path.parent.name for path in root.glob("monai_medtex/*/__init__.py")):
        page = (site / "reference" / f"{name}.html").read_text(encoding="utf-8")
        module = importlib.import_module(f"monai_medtex.{name}")
        public = [each for each in module.__all__ if getattr(getattr(module, each), "__name__", None) == each]
        assert public
        assert not [each for each in public if f'id="monai_medtex.{name}.{each}"' not in page]


def test_every_formula_of_the_method_is_drawn(site, root):
    text = (root / "docs" / "method.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```math\n.*?^```$", text, re.MULTILINE | re.DOTALL)
    prose = re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL))
    inline = re.findall(r"\$[^$\n]+\$", prose)
    drawn = re.findall(
        r'<svg role="img" aria-label=.*?<path transform="scale\(1, -1\)" d="M', (site / "method.html").read_text()
    )
    assert len(drawn) == len(blocks) + len(inline) > 50


def test_the_notebook_is_a_page_with_its_figure(site):
    assert re.search(
        r'<img[^>]+src="data:image/png;base64,[\w+/]{100}', (site / "tutorial.html").read_text(encoding="utf-8")
    )
