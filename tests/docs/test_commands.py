# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""Commands that the pages show name files, runs and options that exist."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

BLOCK = re.compile(r"^```(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ENDS = "\n;&"  # of a command
OF_THE_LAUNCHER = ("config_file", "nproc_per_node", "tracking")  # options of MONAI and torchrun


class Command(NamedTuple):
    words: list[str]
    folder: Path | None  # None where it stands for one of the reader's


def commands(text: str, root: Path, start: Path) -> Iterator[Command]:
    """The commands of a page's blocks, each with the folder that it is run in."""
    for block in [lines for language, lines in BLOCK.findall(text) if language in ("", "bash")]:
        folder: Path | None = start
        for words in lines(block.replace("\\\n", " ")):
            if words[:1] == ["cd"] and words[1:]:
                folder = enter(words[1], folder or start, root)
            elif words:
                yield Command(words, folder)


def lines(block: str) -> Iterator[list[str]]:
    """The words of each command; one that is quoted may go over several lines."""
    lexer = shlex.shlex(re.sub(r"(^|\s)#.*", "", block), posix=True, punctuation_chars=ENDS)
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t", True, ""
    words: list[str] = []
    for word in lexer:
        if set(word) <= set(ENDS):
            yield words
            words = []
        else:
            words.append(word)
    yield words


def enter(name: str, folder: Path, root: Path) -> Path | None:
    if name.split("/")[0].isupper():
        return None
    found = [base / name for base in (folder, root) if (base / name).is_dir()]
    assert found, f"cd {name}"
    return found[0].resolve()


def config_paths(command: Command, root: Path) -> list[Path]:
    """The config files that a command names; in a page's later blocks, those of the folder of an earlier one."""
    values = [after for word, after in zip(command.words, command.words[1:], strict=False) if word == "--config_file"]
    named = [name for value in values if "$" not in value for name in re.findall(r"[\w./]+\.json", value)]
    paths = []
    for name in named:
        places = [command.folder, root, *root.glob("bundles/*"), *root.glob("bundles/*/configs")]
        found = [place / name for place in places if place and (place / name).is_file()]
        assert found, f"{name} in: {shlex.join(command.words)}"
        paths.append(found[0])
    return paths


@pytest.fixture
def shown(page, root) -> list[Command]:
    bundle = page.path.parents[1] if page.path.is_relative_to(root / "bundles") else root
    return [command for command in commands(page.text, root, bundle) if command.folder is not None]


def test_files_exist(shown, root):
    for command in shown:
        config_paths(command, root)
        scripts = [word for word in command.words if word.endswith(".py")]
        for script in scripts:
            assert (command.folder / script).is_file(), shlex.join(command.words)


def test_runs_and_options_exist(shown, root):
    for command in shown:
        words, configs = command.words, config_paths(command, root)
        if "monai.bundle" not in words or "run" not in words or not configs:
            continue
        known = {key.lstrip("+").split("#")[0] for path in configs for key in json.loads(path.read_text())}
        asked = [words[words.index("run") + 1], *(word[2:] for word in words if word.startswith("--"))]
        asked = asked[:1] + [name for name in asked[1:] if name not in OF_THE_LAUNCHER]
        for name in asked:
            assert name.split("#")[0] in known, f"{name} in: {shlex.join(words)}"


def test_commands_are_found(root):
    """The reader of the blocks reads what the README starts with."""
    found = [shlex.join(command.words) for command in commands((root / "README.md").read_text(), root, root)]
    assert any(line.startswith("python -m monai.bundle run training --config_file bundles/") for line in found)
    assert sum("monai.bundle run" in line for line in found) >= 8
