# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import os
from pathlib import Path

import torch
from torch._ops import OpOverload
from torch.export import ExportedProgram, unflatten
from torch.export.passes import move_to_device_pass
from torch.fx import Node
from torch.nn import functional as F

from monai_medtex.utils import InputError

from .plain_program import check_plain_program
from .teacher_program import TeacherProgram, opening, program_file

__all__ = ["ExportedTeacher", "open_exported"]


class ExportedTeacher(TeacherProgram):
    """An exported program, whose layers keep the names that they had in the network, and can be tapped.

    Where it was exported for a fixed number of images, not for any, they are given to it in portions of that size; its
    layers then hold a portion at a time, and are not tapped.

    Args:
        file: that it comes from.
        program: the exported classifier, of one input.
    """

    def __init__(self, file: Path, program: ExportedProgram) -> None:
        super().__init__(file)
        module = unflatten(program)
        self._held = (module,)  # as a part of this one it would put its name before those of all layers
        self._modules, self._parameters, self._buffers = module._modules, module._parameters, module._buffers
        self.batch = _fixed_batch(program)
        self.tappable = self.batch is None

    def __repr__(self) -> str:
        fixed = "" if self.batch is None else f", exported for a fixed batch of {self.batch}"
        return f"{type(self).__name__}({self.file.name}{fixed})"

    def run(self, x: torch.Tensor) -> torch.Tensor:
        """Run the program on images of shape BCHW[D]."""
        (module,) = self._held
        if self.batch is None:
            return module(x)
        return torch.cat([module(part) for part in _portions(x, self.batch)])[: len(x)]


def open_exported(path: str | os.PathLike | None, device: torch.device | str = "cpu") -> ExportedTeacher:
    """Open an exported program, ``torch.export.save`` of a classifier in eval mode (``.pt2``).

    The file is a program, and opening one is running code: open only files that you trust. An archive that holds a
    pickled object, or compiled code, is refused.

    Args:
        path: the file.
        device: where it is to run.

    Raises:
        InputError: When there is no such file, it is no exported program, was exported in training mode, takes more
            than one input, or holds what is refused.
    """
    file = program_file(path)
    with opening(file, "an exported program"):
        check_plain_program(file, f"teacher_ckpt: {file}")
        program = torch.export.load(file)
    if any(_trains(node) for node in program.graph.nodes):
        raise InputError(f"teacher_ckpt: {file} was exported in training mode; call eval() before torch.export")
    if len(program.graph_signature.user_inputs) != 1:
        raise InputError(f"teacher_ckpt: {file} takes {len(program.graph_signature.user_inputs)} inputs, expected 1")
    return ExportedTeacher(file, move_to_device_pass(program, str(device)))


def _portions(x: torch.Tensor, size: int) -> tuple[torch.Tensor, ...]:
    """Split into portions of one size, the last filled up with blank images."""
    return F.pad(x, (*[0] * (2 * x.ndim - 1), -len(x) % size)).split(size)


def _fixed_batch(program: ExportedProgram) -> int | None:
    (name,) = program.graph_signature.user_inputs
    size = next(node for node in program.graph.nodes if node.name == name).meta["val"].shape[0]
    return size if isinstance(size, int) else None


def _trains(node: Node) -> bool:
    """Whether an operation is dropout or batch normalisation in training mode."""
    if not isinstance(node.target, OpOverload):
        return False
    names = [argument.name for argument in node.target._schema.arguments]
    given = {**dict(zip(names, node.args, strict=False)), **node.kwargs}
    return given.get("train") is True or (given.get("training") is True and given.get("running_mean") is not None)
