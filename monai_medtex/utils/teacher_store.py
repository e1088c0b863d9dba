# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ignite.distributed as idist
from ignite.engine import Engine

from .files import atomic_write, home
from .options import given_file

__all__ = ["ensure_teacher", "teacher_path"]

logger = logging.getLogger("monai_medtex")


def teacher_path(teacher_ckpt: str | os.PathLike | None, recipe: Mapping[str, Any]) -> Path:
    """Say where the teacher's weights are: the file the user names, or one that is kept for this recipe.

    Args:
        teacher_ckpt: a checkpoint, or None for a teacher that is trained on the local labels.
        recipe: all that such a teacher depends on.

    Raises:
        InputError: When ``teacher_ckpt`` is no path, or no file is there.
    """
    if teacher_ckpt:
        return given_file(teacher_ckpt=teacher_ckpt).absolute()
    key = hashlib.sha256(json.dumps(dict(recipe), sort_keys=True).encode()).hexdigest()[:12]
    return home() / "teachers" / f"{key}.pt"


def ensure_teacher(path: Path, trainer: Engine, trained: str | os.PathLike) -> None:
    """Train the teacher unless its weights are there already.

    Args:
        path: where the weights are expected.
        trainer: trains the teacher, on all processes of a distributed run.
        trained: where ``trainer`` leaves the weights; they are copied to ``path`` when it is done.
    """
    found = path.is_file()
    idist.barrier()  # all have looked before rank 0 can be done with making it
    if found:
        logger.info("teacher found: %s", path)
        return
    logger.info("no teacher yet for these data and settings: training one")
    trainer.run()
    if idist.get_rank() == 0:
        with atomic_write(path) as temporary:
            shutil.copyfile(trained, temporary)
    idist.barrier()
