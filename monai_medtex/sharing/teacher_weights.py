# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from monai_medtex.networks import load_checkpoint
from monai_medtex.networks.plain_program import check_plain_program
from monai_medtex.utils import InputError, given_path

__all__ = ["copied_tensor", "copied_bytes", "teacher_tensors"]

EXPORTED = ".pt2"
CLOSE = 0.01  # of a tensor's spread: less than that is a copy, be it rounded to bfloat16
PROBE = 64  # values that are looked for in a binary file


def teacher_tensors(path: str | os.PathLike) -> dict[str, Tensor]:
    """Read the teacher's weights: a checkpoint, a TorchScript file, an exported program, or a bundle's folder.

    Raises:
        InputError: When there is no such file, it can't be read, or an exported program would run code.
    """
    file = given_path(teacher_ckpt=path)
    file = file / "models" / "model.pt" if file.is_dir() else file
    if not file.is_file():
        raise InputError(
            f"teacher_ckpt: the teacher's weights are needed to keep them back, but there is no file {file}; "
            "name it with --teacher_ckpt"
        )
    if file.suffix == EXPORTED:
        check_plain_program(file, f"teacher_ckpt: {file}")
    for read in READERS.get(file.suffix, (_checkpoint, _torchscript)):
        with suppress(InputError, RuntimeError, ValueError, KeyError, AttributeError):
            return dict(_tensors(read(file)))
    raise InputError(f"teacher_ckpt: {file} holds no weights that can be read")


def _checkpoint(file: Path) -> Mapping[str, Any]:
    return load_checkpoint(file, "teacher_ckpt")


def _torchscript(file: Path) -> Mapping[str, Any]:
    return torch.jit.load(file, map_location="cpu").state_dict()


def _exported(file: Path) -> Mapping[str, Any]:
    program = torch.export.load(file)
    return {**program.state_dict, **program.constants}


READERS = {EXPORTED: (_exported,)}


def copied_tensor(weights: Mapping[str, Tensor], teacher: Mapping[str, Tensor]) -> tuple[str, str] | None:
    """Find a tensor that is the teacher's, under whatever name and in whatever precision.

    Constant tensors, such as counters and fresh biases, tell nothing and are passed over.

    Args:
        weights: of the network to share.
        teacher: of the teacher.

    Returns:
        the names in both, or None.
    """
    originals = {name: tensor.detach().flatten().double() for name, tensor in teacher.items() if _tells(tensor)}
    for name, tensor in weights.items():
        values = tensor.detach().flatten().double()
        for original_name, original in originals.items():
            if len(values) == len(original) and _close(values, original):
                return name, original_name
    return None


def copied_bytes(content: bytes, teacher: Mapping[str, Tensor]) -> str | None:
    """Return the name of a tensor of the teacher's that a binary file holds, in single, half or bfloat16 precision."""
    for name, tensor in teacher.items():
        probe = tensor.detach().flatten()[:PROBE]
        if len(probe) < PROBE or not _tells(probe):
            continue
        for dtype in (torch.float32, torch.float16, torch.bfloat16):
            if probe.to(dtype).view(torch.uint8).numpy().tobytes() in content:
                return name
    return None


def _tensors(content: Mapping, prefix: str = "") -> list[tuple[str, Tensor]]:
    """Give the tensors of a checkpoint, also of the dicts in it."""
    found: list[tuple[str, Tensor]] = []
    for key, value in content.items():
        if isinstance(value, Tensor):
            found.append((f"{prefix}{key}", value.detach().cpu()))
        elif isinstance(value, Mapping):
            found += _tensors(value, f"{prefix}{key}.")
    return found


def _tells(tensor: Tensor) -> bool:
    return tensor.is_floating_point() and tensor.numel() > 1 and bool((tensor != tensor.flatten()[0]).any())


def _close(values: Tensor, original: Tensor) -> bool:
    spread = (original - original.mean()).norm()
    return bool((values - original).norm() <= CLOSE * spread)
