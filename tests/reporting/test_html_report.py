# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import base64
from html.parser import HTMLParser

from monai_medtex.reporting import Column, Section, write_html_report
from monai_medtex.reporting.html_report import bullets, links, listing, paragraph, picture, subheading, table

EVIL = "<script>alert('x')</script>&\"quoted\""


class Page(HTMLParser):
    """Collects tags with attributes, texts, and whether every tag is closed in order."""

    void = ("meta", "img", "br", "link")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.texts, self.open = [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def test_every_text_is_escaped_and_comes_back_as_it_was(tmp_path):
    columns = (Column("name", EVIL), Column("value", "v"))
    rows = [{"name": EVIL, "value": 0.5}, {"name": EVIL, "failed": EVIL}]
    blocks = [paragraph(EVIL), bullets([EVIL]), listing(EVIL), listing({"k": EVIL}), links([EVIL]), subheading(EVIL)]
    blocks += [table(rows, columns, EVIL), picture(b"png", EVIL)]
    write_html_report(tmp_path / "index.html", EVIL, [Section(EVIL, blocks)])
    page = Page((tmp_path / "index.html").read_text(encoding="utf-8"))
    assert "script" not in {tag for tag, _ in page.tags}
    # title, h1, contents, h2, p, li, pre, link, h3, caption, heading of a column, two names, figcaption
    assert page.texts.count(EVIL) == 14
    assert f"failed: {EVIL}" in page.texts
    assert [attributes["alt"] for tag, attributes in page.tags if tag == "img"] == [EVIL]


def test_nothing_is_fetched_from_elsewhere(tmp_path):
    write_html_report(tmp_path / "a.html", "t", [Section("s", [picture(b"\x89PNG", "c"), links(["table1.csv"])])])
    page = Page((tmp_path / "a.html").read_text(encoding="utf-8"))
    sources = [attributes["src"] for _, attributes in page.tags if "src" in attributes]
    assert sources == [f"data:image/png;base64,{base64.b64encode(bytes([137]) + b'PNG').decode()}"]
    assert [attributes["href"] for _, attributes in page.tags if "href" in attributes] == ["#s0", "table1.csv"]
    assert [path.name for path in tmp_path.iterdir()] == ["a.html"]


def test_best_cells_and_failures_are_marked():
    rows = [{"name": "a", "value": 0.5, "value_low": 0.4, "value_high": 0.6}, {"name": "b", "value": 0.25}]
    rows += [{"name": "c", "failed": "NaN"}]
    columns = (Column("name", "Name"), Column("value", "Value", "higher"), Column("n", "N"))
    page = Page(table(rows, columns, "caption"))
    marks = [attributes.get("class") for tag, attributes in page.tags if tag == "td"]
    assert marks == ["best", None, None, None, "failed"]
    assert page.texts == [
        "caption",
        "Name",
        "Value\u00a0↑",
        "N",
        "a",
        "0.500",
        "[0.400, 0.600]",
        "b",
        "0.250",
        "c",
        "failed: NaN",
    ]


def test_a_configuration_is_shown_as_json():
    assert Page(listing({"a": [1, "ü"]})).texts == ['{\n  "a": [\n    1,\n    "ü"\n  ]\n}']
