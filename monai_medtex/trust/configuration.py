# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from typing import Any

from monai.bundle import ConfigParser
from monai.utils import set_determinism

from monai_medtex.utils import InputError

__all__ = ["RunConfiguration", "beneath", "calling_config", "check_same_run", "configured_as"]

ELSEWHERE = {
    "teacher_ckpt",
    "dataset_dir",
    "data",
}  # may lie in another place, or be other images, when a run is judged


def calling_config() -> dict[str, Any]:
    """Return the merged config that the calling expression stands in.

    A run is distilled again from the very config files that were given on the command line. MONAI hands an expression
    no way to them, so the parser is looked up among the callers.

    Raises:
        RuntimeError: When the caller is no expression of a config.
    """
    frame = inspect.currentframe()
    while frame is not None:
        parser = frame.f_locals.get("self")
        if isinstance(parser, ConfigParser):
            return deepcopy(parser.get())
        frame = frame.f_back
    raise RuntimeError("calling_config is for expressions of a bundle's config")


def configured_as(
    config: Mapping[str, Any],
    settings: Mapping[str, Any],
    dataset_dir: str | os.PathLike | None = None,
    teacher_ckpt: str | os.PathLike | None = None,
) -> dict[str, Any]:
    """Give a config the options that a run was started with.

    The block ``settings`` of ``train.json`` says which they are: what it notes as it is, ``"epochs": "@epochs"``.

    Args:
        config: ``train.json`` and the run's override files, merged.
        settings: of the run.
        dataset_dir: where the images are now, or other images; None for where they were.
        teacher_ckpt: where the teacher is now; None for where it was.
    """
    noted = config["settings"]
    options = {key: value for key, value in settings.items() if noted.get(key) == f"@{key}"}
    places = {
        "dataset_dir": str(dataset_dir) if dataset_dir else settings["dataset_dir"],
        "teacher_ckpt": str(teacher_ckpt) if teacher_ckpt else settings["teacher_ckpt"],
    }
    return {**config, **options, **places}


def check_same_run(found: Mapping[str, Any], settings: Mapping[str, Any], run_dir: str | os.PathLike) -> None:
    """Check that the config files are those of the run.

    Args:
        found: what the config notes as settings.
        settings: of the run.
        run_dir: of the run, for the error.

    Raises:
        InputError: When something is set otherwise; the address of an object in memory is no difference.
    """
    plain = json.loads(json.dumps(dict(found), default=str))
    for key in settings.keys() - ELSEWHERE:
        same = key in plain and (plain[key] == settings[key] or " at 0x" in str(plain[key]))
        if not same:
            raise InputError(
                f"config_file: {run_dir} was made with {key}={_short(settings[key])}, not {_short(plain.get(key))}; "
                "name the run's own config files before trust.json"
            )


def _short(value: object) -> str:
    return shorten(str(value), 80, placeholder=" ...")


@dataclass(frozen=True)
class RunConfiguration:
    """The config of a run, to open as it was or with changes.

    Attributes:
        config: merged config files with the run's own options.
    """

    config: Mapping[str, Any]

    def open(self, **changes: Any) -> ConfigParser:  # noqa: ANN401
        """Open it as a run does: seeded, with nothing built yet.

        Args:
            changes: values by id, as on the command line.
        """
        parser = ConfigParser(deepcopy(dict(self.config)))
        parser.update(changes)
        set_determinism(parser.get_parsed_content("seed"))
        return parser


def beneath(config: Mapping[str, Any], config_dir: Path) -> dict[str, Any]:
    """Lay ``train.json`` beneath a config that was opened alone."""
    if "settings" in config:
        return dict(config)
    return {**ConfigParser.load_config_file(config_dir / "train.json"), **config}
