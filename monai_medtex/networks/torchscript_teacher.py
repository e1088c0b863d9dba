# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import os
from pathlib import Path

import torch

from .teacher_program import TeacherProgram, opening, program_file

__all__ = ["TorchScriptTeacher", "open_torchscript"]


class TorchScriptTeacher(TeacherProgram):
    """A TorchScript program. Its layers run without Python, so they cannot be tapped.

    Args:
        file: that it comes from.
        program: the scripted or traced classifier.
    """

    tappable = False

    def __init__(self, file: Path, program: torch.jit.ScriptModule) -> None:
        super().__init__(file)
        self.program = program

    def run(self, x: torch.Tensor) -> torch.Tensor:
        """Run the program on images of shape BCHW[D]."""
        return self.program(x)


def open_torchscript(path: str | os.PathLike | None, device: torch.device | str = "cpu") -> TorchScriptTeacher:
    """Open a TorchScript file, ``torch.jit.save`` of a classifier in eval mode.

    The file is a program, and opening one is running code: open only files that you trust. No pickle is loaded.

    Args:
        path: the file.
        device: where it is to run.

    Raises:
        InputError: When there is no such file, or it is no TorchScript.
    """
    file = program_file(path)
    with opening(file, "TorchScript"):
        return TorchScriptTeacher(file, torch.jit.load(file, map_location=device))
