# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""Teachers that come as a program with its weights. A program is code: open only what you would also run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import nn

from monai_medtex.utils import InputError, given_file, one_line

__all__ = ["TeacherProgram", "opening", "program_file"]


def program_file(path: str | os.PathLike | None) -> Path:
    """Find the file of a program.

    Raises:
        InputError: When none is named, or there is none.
    """
    if not path:
        raise InputError("teacher_ckpt: name the teacher's file with --teacher_ckpt")
    return given_file(teacher_ckpt=path)


@contextmanager
def opening(file: Path, kind: str) -> Iterator[None]:
    """Say in one line that a file is not what it should be.

    Raises:
        InputError: For any error in the block.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        raise InputError(f"teacher_ckpt: {file} is not readable as {kind}: {one_line(error)}") from error


class TeacherProgram(nn.Module):
    """A classifier that was opened from a file with its weights, so that no others are loaded into it.

    Args:
        file: that it comes from, for errors.

    Attributes:
        tappable: whether the layers can be tapped.
    """

    tappable = True

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.file = file

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.file.name})"

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return what the program answers, usually logits BC, for images of shape BCHW[D].

        Raises:
            InputError: When the program fails.
        """
        try:
            return self.run(x)
        except RuntimeError as error:
            reason = [line.strip() for line in str(error).splitlines() if line.strip()][-1]
            raise InputError(f"teacher_ckpt: {self.file} fails on {tuple(x.shape)}: {reason}") from error

    def run(self, x: torch.Tensor) -> torch.Tensor:
        """Run the program on images of shape BCHW[D]."""
        raise NotImplementedError
