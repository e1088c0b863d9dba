# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ignite.distributed as idist

from .errors import InputError
from .files import atomic_write, home
from .options import check_path, given_path

__all__ = ["check_as_run", "fresh_folder", "mark_finished", "output_folder", "read_settings", "run_folder"]

logger = logging.getLogger("monai_medtex")

SETTINGS = "settings.json"
FINISHED = "finished"
MAY_DIFFER = {"epochs"}


def output_folder(path: str | os.PathLike) -> Path:
    """Make a folder for results, unless it is there.

    Raises:
        InputError: When it cannot be made.
    """
    folder = given_path(output_dir=path).absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"output_dir: {folder} can't be made: {error.strerror}") from error
    return folder


def fresh_folder(parent: str | os.PathLike, name: str) -> Path:
    """Make a folder that was not there before: ``name``, or ``name_2``, ``name_3``, ... where that is taken.

    Raises:
        InputError: When it cannot be made.
    """
    parent = given_path(output_dir=parent)
    for number in range(1, 10_000):
        folder = parent / (name if number == 1 else f"{name}_{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise InputError(f"output_dir: {folder} can't be made: {error.strerror}") from error
        return folder
    raise InputError(f"output_dir: {parent} holds too many folders named {name}")


def read_settings(
    run_dir: str | os.PathLike | None, argument: str = "run_dir", needs: str | None = None
) -> dict[str, Any]:
    """Return the settings that a run was started with.

    Args:
        run_dir: the run's folder.
        argument: what to call it in an error.
        needs: a setting without which the run is of another kind, such as a teacher's training.

    Raises:
        InputError: When ``run_dir`` is no folder of a run, or of another kind.
    """
    if not run_dir:
        raise InputError(f"{argument}: name the folder of a run with --{argument}")
    check_path(**{argument: run_dir})
    path = Path(run_dir) / SETTINGS
    if not path.is_file():
        raise InputError(f"{argument}: {run_dir} is no folder of a run (it has no {SETTINGS})")
    settings = json.loads(path.read_text())
    if needs and needs not in settings:
        raise InputError(f"{argument}: {run_dir} is a run of another kind (its settings lack {needs})")
    return settings


def check_as_run(settings: Mapping[str, Any], **options: object) -> None:
    """Check that options are those that a run was started with.

    Args:
        settings: of the run; an option that they do not note may be anything.
        options: by name.

    Raises:
        InputError: When one differs.
    """
    for name, value in options.items():
        if settings.get(name, value) != value:
            raise InputError(f"{name} must be the run's, {settings[name]}, but is {value}")


def run_folder(
    output_dir: str | os.PathLike | None, name: str, settings: Mapping[str, Any], resume: bool | str = False
) -> Path:
    """Choose the folder that a run writes to: a fresh one, or that of an unfinished run with the same settings.

    Args:
        output_dir: where runs are kept; ``runs`` under :func:`monai_medtex.utils.home` if None.
        name: ends the folder's name, after date and time.
        settings: what the results depend on, kept in ``settings.json``.
        resume: False for a fresh folder, True for the newest unfinished run with these settings (a fresh one where
            there is none), or a run's folder.

    Returns:
        the same folder on every process of a distributed run.

    Raises:
        InputError: When the folder to resume was started with other settings.
    """
    folder = ""
    if idist.get_rank() == 0:
        parent = given_path(output_dir=output_dir or home() / "runs").absolute()
        folder = str(_choose(parent, name, settings, resume))
    if idist.get_world_size() > 1:
        folder = str(idist.broadcast(folder, safe_mode=True))
    return Path(folder)


def mark_finished(run_dir: str | os.PathLike) -> None:
    """Note that a run is over, so that it is not resumed."""
    (Path(run_dir) / FINISHED).touch()


def _choose(output_dir: Path, name: str, settings: Mapping[str, Any], resume: bool | str) -> Path:
    plain = json.loads(json.dumps(dict(settings), default=str))
    if isinstance(resume, str):
        _refuse_other_settings(resume, plain)
        return _resumed(Path(resume).absolute())
    if resume:
        for run in sorted(output_dir.glob(f"*_{name}*"), key=lambda path: path.stat().st_mtime, reverse=True):
            resumable = (run / SETTINGS).is_file() and not (run / FINISHED).exists()
            if resumable and not _different(read_settings(run), plain):
                return _resumed(run)
        logger.info("nothing to resume in %s with these settings: a new run starts", output_dir)
    run = fresh_folder(output_dir, f"{time.strftime('%Y%m%d_%H%M%S')}_{name}")
    with atomic_write(run / SETTINGS) as temporary:
        temporary.write_text(json.dumps(plain, indent=2) + "\n")
    logger.info("writing to %s", run)
    return run


def _resumed(run: Path) -> Path:
    """Sweep what a killed process was writing."""
    for unfinished in run.rglob(".*.tmp*"):
        unfinished.unlink(missing_ok=True)
    logger.info("resuming %s", run)
    return run


def _different(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return [key for key in new if key not in MAY_DIFFER and old.get(key) != new[key]]


def _refuse_other_settings(run_dir: str, settings: Mapping[str, Any]) -> None:
    old = read_settings(run_dir, "resume")
    for key in _different(old, settings):
        raise InputError(f"resume: {run_dir} was started with {key}={old.get(key)}, but {key} is {settings[key]}")
