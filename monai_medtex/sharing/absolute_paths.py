# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["path_in_binary", "path_in_text"]

# what may stand before a slash that begins no path: a word, an address, a mark-up
NOT_BEFORE = r"(?<![\w./<)\]}])"
WINDOWS = r"(?<![A-Za-z0-9])[A-Za-z]:(?:\\{1,2}|/)(?:[\w .$@+-]{2,}(?:\\{1,2}|/))+"
SHARE = r"(?<!\\)\\{2,4}[\w.-]{2,}\\{1,2}[\w.$-]{2,}"
IN_TEXT = re.compile(rf"{NOT_BEFORE}/(?:[\w.@+-]+/)+[\w.@+-]*|(?<!\w)~[\w.-]*/[\w.-]+|file:/+\w|{WINDOWS}|{SHARE}")
ROOTS = sorted({"home", "Users", "root", "mnt", "media", "data", *(path.name for path in Path("/").iterdir())})
IN_BINARY = re.compile(rf"/(?:{'|'.join(map(re.escape, ROOTS))})/[\w.@+-]+|file:/+\w\w|{WINDOWS}")


def path_in_text(text: str) -> str | None:
    """Return the first absolute path in a text, also one of a home folder, of Windows or of a file's address."""
    return _first(IN_TEXT, text)


def path_in_binary(text: str) -> str | None:
    """Return the first absolute path in what a binary file holds as text.

    Names such as ``/student/block1/Conv`` are common there; so a path counts if it begins with one of this machine's
    top folders, or another usual one.
    """
    return _first(IN_BINARY, text)


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    return found.group() if found else None
