# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest

from monai_medtex.utils import leave_together
from monai_medtex.utils.leave_together import distributed_c10d, idist


class Store:
    """Notes what is asked of it."""

    def __init__(self, asked: list) -> None:
        self.asked = asked

    def set(self, key: str, value: str) -> None:  # noqa: ARG002
        self.asked.append(key)

    def wait(self, keys: list[str]) -> None:
        self.asked.append(set(keys))


@pytest.mark.parametrize(("rank", "last"), [(0, [{"gone/0", "gone/1"}]), (1, [])])
def test_a_process_waits_for_the_others_before_it_closes_its_connections(monkeypatch, rank, last):
    asked: list = []
    monkeypatch.setattr(idist, "get_rank", lambda: rank)
    monkeypatch.setattr(idist, "get_world_size", lambda: 2)
    monkeypatch.setattr(idist, "finalize", lambda: asked.append("closed"))
    monkeypatch.setattr(distributed_c10d, "_get_default_store", lambda: Store(asked))
    leave_together()
    assert asked == [f"past/{rank}", {"past/0", "past/1"}, f"gone/{rank}", *last, "closed"]


def test_a_single_process_waits_for_nobody():
    leave_together()
    assert idist.get_world_size() == 1
