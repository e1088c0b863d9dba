# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from pathlib import Path

import pytest

from monai_medtex.trust import Parts


@pytest.fixture
def parts(tmp_path) -> Parts:
    return Parts(tmp_path / "parts")


def test_what_is_there_is_not_made_again(parts):
    made = []

    def make(folder: Path) -> dict:
        made.append(folder)
        return {"values": (1.5, None)}

    first, second = (parts.find("one", {"epochs": 2}, make) for _ in range(2))
    assert first == second == {"values": [1.5, None]}
    assert len(made) == 1
    parts.find("one", {"epochs": 3}, make)
    parts.find("two", {"epochs": 3}, make)
    assert len(made) == 3


def test_an_interrupted_part_goes_on_and_a_changed_one_starts_afresh(parts):
    def stop(folder: Path) -> dict:
        (folder / "half").touch()
        raise KeyboardInterrupt

    def left(folder: Path) -> dict:
        return {"half": (folder / "half").exists()}

    with pytest.raises(KeyboardInterrupt):
        parts.find("one", {"epochs": 2}, stop)
    assert not (parts.folder / "one.json").exists()
    with pytest.raises(KeyboardInterrupt):
        parts.find("two", {"epochs": 2}, stop)
    assert parts.find("one", {"epochs": 2}, left) == {"half": True}
    assert parts.find("two", {"epochs": 3}, left) == {"half": False}
