# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

from .tables import Cell, Column, table_cells, table_titles, write_text

__all__ = ["Section", "bullets", "links", "listing", "paragraph", "picture", "subheading", "table", "write_html_report"]

STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; color: #1a1a1a;
  background: #fff; max-width: 1160px; margin: 0 auto; padding: 1rem 1.25rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: .6rem 0 1rem; }
h2 { font-size: 1.25rem; border-bottom: 2px solid #d8dee4; padding-bottom: .25rem; margin: 2.4rem 0 .8rem; }
p, li { max-width: 75ch; }
nav { font-size: .9rem; }
nav a { margin-right: 1rem; white-space: nowrap; }
a { color: #0a58a8; }
.wide { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-size: .84rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { padding: .25rem .4rem; vertical-align: top; text-align: right;
  border-bottom: 1px solid #e3e7eb; white-space: nowrap; }
thead th { background: #f3f5f7; vertical-align: bottom; white-space: normal; }
th:first-child { text-align: left; position: sticky; left: 0; background: #f3f5f7; }
td small { display: block; color: #57606a; font-weight: 400; font-size: .74rem; }
td.best { font-weight: 700; background: #e9f3fb; }
td.failed { text-align: left; color: #a01c1c; }
figure { margin: 1.2rem 0; }
figure img { max-width: 100%; height: auto; }
figcaption { font-size: .9rem; color: #444; max-width: 90ch; }
pre { background: #f6f8fa; padding: .8rem; overflow: auto; max-height: 32rem; font-size: .8rem; }
@media (max-width: 640px) { body { padding: .5rem .8rem 3rem; } .scroll img { max-width: none; width: 880px; } }
"""


class Section(NamedTuple):
    """A part of a page: its heading, and its blocks of HTML as the functions of this module make them."""

    heading: str
    blocks: Sequence[str]


def paragraph(text: str) -> str:
    """Return a paragraph of plain text."""
    return f"<p>{escape(text)}</p>"


def subheading(text: str) -> str:
    """Return the heading of a part of a section."""
    return f"<h3>{escape(text)}</h3>"


def bullets(lines: Iterable[str]) -> str:
    """Return a list of plain texts."""
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"


def links(names: Iterable[str]) -> str:
    """Return a list of links to files beside the page."""
    items = (f'<li><a href="{escape(name)}">{escape(name)}</a></li>' for name in names)
    return f"<ul>{''.join(items)}</ul>"


def listing(content: object) -> str:
    """Return a text as it is, anything else as JSON."""
    text = content if isinstance(content, str) else json.dumps(content, indent=2, default=str, ensure_ascii=False)
    return f"<pre>{escape(text)}</pre>"


def picture(png: bytes, caption: str) -> str:
    """Return a figure that holds its pixels."""
    source = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    image = f'<div class="wide scroll"><img src="{source}" alt="{escape(caption)}"></div>'
    return f"<figure>{image}<figcaption>{escape(caption)}</figcaption></figure>"


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column], caption: str) -> str:
    """Return a table of raw numbers, see :func:`~monai_medtex.reporting.tables.table_cells`."""
    head = "".join(f'<th scope="col">{escape(title)}</th>' for title in table_titles(columns))
    body = "".join(_table_row(row, cells) for row, cells in zip(rows, table_cells(rows, columns), strict=True))
    inside = f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    return f'<div class="wide"><table>{inside}</table></div>'


def _table_row(row: Mapping[str, Any], cells: Sequence[Cell]) -> str:
    name = f'<th scope="row">{escape(cells[0].text)}</th>'
    if row.get("failed"):
        return f'<tr>{name}<td class="failed" colspan="{len(cells) - 1}">{escape(cells[1].text)}</td></tr>'
    return f"<tr>{name}{''.join(_table_cell(cell) for cell in cells[1:])}</tr>"


def _table_cell(cell: Cell) -> str:
    spread = f"<small>{escape(cell.spread)}</small>" if cell.spread else ""
    mark = ' class="best"' if cell.best else ""
    return f"<td{mark}>{escape(cell.text)}{spread}</td>"


def write_html_report(path: str | os.PathLike, title: str, sections: Sequence[Section]) -> None:
    """Write one self-contained page, without script and without anything from elsewhere, in one step.

    Args:
        path: of the page.
        title: its name.
        sections: its parts; the top of the page leads to each.
    """
    contents = "".join(f'<a href="#s{n}">{escape(part.heading)}</a> ' for n, part in enumerate(sections))
    body = "".join(
        f'<section><h2 id="s{n}">{escape(part.heading)}</h2>{"".join(part.blocks)}</section>\n'
        for n, part in enumerate(sections)
    )
    write_text(
        path,
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n"
        f"<body><h1>{escape(title)}</h1><nav>{contents}</nav>\n{body}</body></html>\n",
    )
