# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn
from torch.export import ExportedProgram

from monai_medtex.utils import InputError

from .exported_program import export_program, read_exported_program, write_exported_program
from .onnx_file import ONNX_PACKAGES, read_onnx, write_onnx
from .torchscript import read_torchscript, write_torchscript

__all__ = ["EXCHANGE_FORMATS", "Exchange", "Traced", "check_formats"]


@dataclass(frozen=True)
class Traced:
    """A network, ready to be written.

    Attributes:
        network: in eval mode, on the CPU.
        image_shape: CHW[D] of one image.
        outputs: names of what it returns.
        about: texts that go with it, by name.
    """

    network: nn.Module
    image_shape: Sequence[int]
    outputs: Sequence[str]
    about: Mapping[str, str]

    @cached_property
    def program(self) -> ExportedProgram:
        """The network exported, for any number of images."""
        return export_program(self.network, self.image_shape)


class Exchange(NamedTuple):
    """A file format.

    Attributes:
        write: writes a traced network.
        read: gives the function from images BCHW[D] to the outputs that a file holds.
    """

    write: Callable[[Traced, Path], None]
    read: Callable[[Path], Callable[[torch.Tensor], tuple[torch.Tensor, ...]]]


EXCHANGE_FORMATS = {
    "ts": Exchange(lambda traced, path: write_torchscript(traced.network, path, traced.about), read_torchscript),
    "onnx": Exchange(lambda traced, path: write_onnx(traced.program, path, traced.outputs, traced.about), read_onnx),
    "pt2": Exchange(lambda traced, path: write_exported_program(traced.program, path), read_exported_program),
}
"""Formats by the suffix of their files."""


def check_formats(formats: Sequence[str]) -> None:
    """Check before anything is written that these formats are known, and can be written here.

    Args:
        formats: keys of :data:`EXCHANGE_FORMATS`.

    Raises:
        InputError: When one is unknown, none is named, or what ONNX needs is not installed.
    """
    unknown = [name for name in formats if name not in EXCHANGE_FORMATS]
    if unknown or not formats or isinstance(formats, str):
        raise InputError(f"formats must be a list of {', '.join(EXCHANGE_FORMATS)} but is {formats}")
    missing = [name for name in ONNX_PACKAGES if find_spec(name) is None]
    if "onnx" in formats and missing:
        others = [name for name in formats if name != "onnx"]
        raise InputError(
            f"ONNX needs {', '.join(missing)}: pip install 'monai_medtex[onnx]', or leave it out with "
            f'--formats "{others}"'
        )
