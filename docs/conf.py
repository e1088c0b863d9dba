# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""How Sphinx builds the documentation: ``python -m sphinx -W -b html docs build/docs``. It needs no network."""

from __future__ import annotations

import json
import re
from html import escape
from pathlib import Path as File

import matplotlib as mpl
from docutils import nodes
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.textpath import TextToPath
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

from monai_medtex import __version__

project = "monai_medtex"
copyright = "monai_medtex contributors"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]

source_suffix = {".md": "markdown", ".ipynb": "markdown"}
myst_enable_extensions = ["dollarmath"]
myst_fence_as_directive = ["math"]
myst_heading_anchors = 4

autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"

html_theme = "furo"
html_title = f"{project} {version}"
html_math_renderer = "paths"

BUNDLES = File(__file__).resolve().parents[1] / "bundles"
EM = 100  # units of matplotlib's text paths in a font's size
LETTERS = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE3: "Q", Path.CURVE4: "C", Path.CLOSEPOLY: "Z"}


@mpl.rc_context({"mathtext.fontset": "stix"})
def formula(latex: str) -> str:
    """Draw a formula as SVG, which needs neither LaTeX nor a script nor a font."""
    font, drawer, text = FontProperties(size=EM), TextToPath(), f"${latex}$"
    width, height, depth = drawer.get_text_width_height_descent(text, font, ismath=True)
    outline = Path(*drawer.get_text_path(font, text, ismath=True))
    segments = [
        LETTERS[code] + " ".join(f"{value:.0f}" for value in points if code != Path.CLOSEPOLY)
        for points, code in outline.iter_segments(simplify=False)
    ]
    return (
        f'<svg role="img" aria-label="{escape(latex)}" viewBox="0 {depth - height:.0f} {width:.0f} {height:.0f}" '
        f'style="height: {1.15 * height / EM:.2f}em; vertical-align: {-1.15 * depth / EM:.2f}em; max-width: none" '
        f'fill="currentColor"><path transform="scale(1, -1)" d="{"".join(segments)}"/></svg>'
    )


def visit_inline(translator: HTML5Translator, node: nodes.math) -> None:
    """Write a formula in a line."""
    translator.body.append(formula(node.astext()))
    raise nodes.SkipNode


def visit_block(translator: HTML5Translator, node: nodes.math_block) -> None:
    """Write a formula that has a line for itself."""
    centred = "text-align: center; overflow-x: auto; margin: 1em 0"
    translator.body.append(f'<div style="{centred}">{formula(node.astext())}</div>')
    raise nodes.SkipNode


def add_bundles(_app: Sphinx, docname: str, source: list[str]) -> None:
    """Put every bundle's README on the page of the bundles, and lead links between READMEs and pages inside."""
    if docname == "bundles":
        for page in sorted(BUNDLES.glob("*/docs/README.md")):
            path = page.relative_to(BUNDLES.parent)
            source[0] += f"\n```{{include}} ../{path.as_posix()}\n:heading-offset: 1\n```\n"
    source[0] = re.sub(r"\]\((\.\./)?bundles/\w+/docs/README\.md", "](bundles.md", source[0])
    source[0] = source[0].replace("](../README.md", "](index.md")


def open_notebook(app: Sphinx, docname: str, source: list[str]) -> None:
    """Turn a notebook into markdown: its texts, its code and what the code put out."""
    if app.env.doc2path(docname).suffix == ".ipynb":
        source[0] = "\n\n".join(part for cell in json.loads(source[0])["cells"] for part in shown(cell))


def shown(cell: dict) -> list[str]:
    """Return what is shown of a cell of a notebook."""
    text = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        return [text]
    parts = [f"```python\n{text}\n```"]
    for output in cell["outputs"]:
        data = output.get("data", {})
        said = "".join(output.get("text") or data.get("text/plain", ""))
        picture = "".join(data.get("image/png", "")).replace("\n", "")
        parts.append(f"![figure](data:image/png;base64,{picture})" if picture else f"```text\n{said}\n```")
    return parts


def skip_fields(_app: Sphinx, _what: str, _name: str, member: object, *_: object) -> bool | None:
    """Leave out the fields of named tuples, which are described by the class."""
    return True if type(member).__name__ in ("_tuplegetter", "member_descriptor") else None


def setup(app: Sphinx) -> None:
    """Add what Sphinx lacks."""
    app.add_html_math_renderer("paths", (visit_inline, None), (visit_block, None))
    app.connect("autodoc-skip-member", skip_fields)
    app.connect("source-read", open_notebook)
    app.connect("source-read", add_bundles)
    app.connect("include-read", lambda app, _path, docname, content: add_bundles(app, f"in {docname}", content))
