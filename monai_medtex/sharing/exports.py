# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""Exports of the deployed network, without what PyTorch notes in them about the machine and the example images."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from monai.utils import optional_import
from torch.utils._pytree import tree_map_only

from monai_medtex.utils import InputError

__all__ = ["bare_exports", "export_files"]

onnx, has_onnx = optional_import("onnx")

FOLDERS = (".", "exports", "models")
SUFFIXES = (".ts", ".onnx", ".data", ".pt2")
SOURCE_POSITIONS = ".debug_pkl"
SAMPLE_INPUTS = "/sample_inputs/"
PROGRAM = "/models/"
TRACE = "stack_trace"


def export_files(run_dir: Path) -> list[Path]:
    """List the exports that lie in a run's folder, or in its folder ``exports`` or ``models``."""
    return sorted(path for folder in FOLDERS for path in (run_dir / folder).glob("*") if path.suffix in SUFFIXES)


def bare_exports(run_dir: Path) -> dict[str, bytes]:
    """Read the exports of a run, as :func:`export_files` lists them.

    Args:
        run_dir: of the run.

    Returns:
        content by path in the bundle, such as ``models/model.ts``. TorchScript files come without the positions in
        the source code, exported programs and ONNX files without stack traces, which name files of this machine;
        exported programs with black images in place of the example inputs.

    Raises:
        InputError: When an export can't be read.
    """
    return {f"models/{path.name}": _bare(path) for path in export_files(run_dir)}


def _bare(path: Path) -> bytes:
    strip = STRIP.get(path.suffix)
    content = path.read_bytes()
    if strip is None:
        return content
    try:
        return strip(content)
    except (zipfile.BadZipFile, ValueError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise InputError(f"run_dir: the export {path} can't be read: {error}".splitlines()[0]) from error


def _records(content: bytes) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for member in archive.infolist():
            yield member.filename, archive.read(member)


def _archive(records: Iterator[tuple[str, bytes]]) -> bytes:
    """Write the zip that PyTorch reads: nothing is compressed."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as archive:
        for name, content in records:
            archive.writestr(zipfile.ZipInfo(name), content)
    return written.getvalue()


def _bare_torchscript(content: bytes) -> bytes:
    return _archive((name, record) for name, record in _records(content) if not name.endswith(SOURCE_POSITIONS))


def _bare_exported_program(content: bytes) -> bytes:
    return _archive((name, _bare_record(name, record)) for name, record in _records(content))


def _bare_record(name: str, record: bytes) -> bytes:
    if SAMPLE_INPUTS in name and record:
        inputs = torch.load(io.BytesIO(record), weights_only=True)
        written = io.BytesIO()
        torch.save(tree_map_only(torch.Tensor, torch.zeros_like, inputs), written)
        return written.getvalue()
    if PROGRAM in name and name.endswith(".json"):
        return json.dumps(_without_traces(json.loads(record))).encode()
    return record


def _without_traces(node: Any) -> Any:  # noqa: ANN401
    if isinstance(node, dict):
        return {key: _without_traces(value) for key, value in node.items() if key != TRACE}
    return [_without_traces(value) for value in node] if isinstance(node, list) else node


def _bare_onnx(content: bytes) -> bytes:
    """Leave it as it is where the package is missing: traces in it are then found later, and refused."""
    if not has_onnx:
        return content
    model = onnx.load_model_from_string(content)
    for holder in (model.graph, *model.graph.node, *(node for each in model.functions for node in each.node)):
        kept = [entry for entry in holder.metadata_props if TRACE not in entry.key]
        del holder.metadata_props[:]
        holder.metadata_props.extend(kept)
    return model.SerializeToString()


STRIP: dict[str, Callable[[bytes], bytes]] = {
    ".ts": _bare_torchscript,
    ".pt2": _bare_exported_program,
    ".onnx": _bare_onnx,
}
