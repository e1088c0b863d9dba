# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from monai.utils import ensure_tuple
from torch import nn

__all__ = ["read_torchscript", "write_torchscript"]

_WRITTEN_AT_THE_END = {"version", "byteorder", ".data/serialization_id"}


def write_torchscript(network: nn.Module, path: Path, about: Mapping[str, str]) -> None:
    """Write TorchScript without its debug records, which hold the paths of the sources on this machine.

    Args:
        network: can be scripted.
        path: of the file.
        about: texts that go with it, by name; ``torch.jit.load`` gives them as ``_extra_files``.
    """
    whole = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(torch.jit.script(network), whole, _extra_files=dict(about))
    whole.seek(0)
    records = torch._C.PyTorchFileReader(whole)
    with open(path, "wb") as file:
        writer = torch._C.PyTorchFileWriter(file)
        for name in records.get_all_records():
            if not name.endswith(".debug_pkl") and name not in _WRITTEN_AT_THE_END:
                content = records.get_record(name)
                writer.write_record(name, content, len(content))
        writer.write_end_of_file()


def read_torchscript(path: Path) -> Callable[[torch.Tensor], tuple[torch.Tensor, ...]]:
    """Give the function that a file of TorchScript holds, on this machine's CPU."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        network = torch.jit.load(path, map_location="cpu")
    return lambda images: ensure_tuple(network(images), wrap_array=True)
