# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monai_medtex.utils import InputError

__all__ = ["Method", "Task", "plan", "read_methods"]


@dataclass(frozen=True)
class Method:
    """One compared method: a configuration, as override files of ``train.json``.

    Attributes:
        name: as tables and figures show it.
        configs: names of the override files.
        trained: whether it is trained on the local images; a map of the teacher, or a prior, is not.
        explains: whether its maps are judged.
        fractions: shares of the training images that it is trained with; none if it is not trained.
        teacher: override files of the teacher that it learns from, where that is not the common one.
    """

    name: str
    configs: tuple[str, ...]
    trained: bool
    explains: bool
    fractions: tuple[float | None, ...]
    teacher: tuple[str, ...] = ()

    @property
    def slug(self) -> str:
        """The name for folders and files."""
        return re.sub(r"[^a-z0-9]+", "_", self.name.lower().replace("++", " pp")).strip("_")


@dataclass(frozen=True)
class Task:
    """A method with one share of the training images and one seed."""

    method: Method
    fraction: float | None
    seed: int

    def __str__(self) -> str:
        share = "" if self.fraction is None else f", {self.fraction:.0%} of the images"
        return f"{self.method.name}{share}, seed {self.seed}"

    @property
    def folder(self) -> Path:
        """Where its files lie, below the comparison's folder."""
        share = () if self.fraction is None else (f"fraction_{self.fraction:g}",)
        return Path("runs", self.method.slug, *share, f"seed_{self.seed}")


def read_methods(methods: Mapping[str, Mapping[str, Any]], fractions: Sequence[float]) -> list[Method]:
    """Read the methods of a ``comparison.json``.

    Args:
        methods: by name, each with ``configs`` and, where they differ from the default, ``trained`` (True),
            ``explains`` (False), ``fractions`` (all) and ``teacher`` (none), see :class:`Method`.
        fractions: shares of the training images.

    Raises:
        InputError: When an entry has an unknown key or lacks ``configs``, or two names give the same folder.
    """
    found: dict[str, Method] = {}
    for name, entry in methods.items():
        unknown = sorted(entry.keys() - {"configs", "trained", "explains", "fractions", "teacher"})
        if unknown or "configs" not in entry:
            raise InputError(f"methods: '{name}' {f'has the unknown key {unknown[0]}' if unknown else 'lacks configs'}")
        trained = bool(entry.get("trained", True))
        method = Method(
            name,
            tuple(entry["configs"]),
            trained,
            bool(entry.get("explains", not trained)),
            tuple(entry.get("fractions", fractions)) if trained else (None,),
            tuple(entry.get("teacher", ())),
        )
        if method.slug in found:
            raise InputError(f"methods: '{name}' and '{found[method.slug].name}' would share the folder {method.slug}")
        found[method.slug] = method
    return list(found.values())


def plan(methods: Sequence[Method], seeds: Sequence[int]) -> list[Task]:
    """List what is to be done: seed by seed, so that an early stop leaves whole seeds."""
    return [Task(method, fraction, seed) for seed in seeds for method in methods for fraction in method.fractions]
