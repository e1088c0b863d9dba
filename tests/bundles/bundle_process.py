# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""Run a bundle in a process of its own that may die while it writes a checkpoint; ``test_resume`` starts it.

Expects the globals ``arguments`` (of ``monai.bundle.run``), ``environment`` and ``dies_at``, the number of the
checkpoint of which it writes one half and is killed; 0 for none. No figure is drawn, which takes longer than the rest.
"""

from __future__ import annotations

import io
import itertools
import os
import signal
from collections.abc import Mapping
from typing import BinaryIO

import torch
from monai.bundle import run

from monai_medtex.handlers import explained_images

whole_save, numbers = torch.save, itertools.count(1)


def save_or_die(content: Mapping, file: BinaryIO) -> None:
    if "optimizer" in content and next(numbers) == globals()["dies_at"]:
        whole = io.BytesIO()
        whole_save(content, whole)
        file.write(whole.getvalue()[: whole.tell() // 2])
        file.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    whole_save(content, file)


os.environ.update(globals()["environment"])
torch.save = save_or_die
explained_images.has_matplotlib = False
run("training", logging_file=False, **globals()["arguments"])
