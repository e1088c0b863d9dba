# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from monai.utils import optional_import
from torch.export import ExportedProgram

from .adaptive_pool import adaptive_average

__all__ = ["ONNX_PACKAGES", "read_onnx", "write_onnx"]

ONNX_PACKAGES = ("onnx", "onnxscript", "onnxruntime")
"""What it takes to write and to run ONNX; together the extra ``onnx``."""

UNKNOWN_TO_ONNX = {torch.ops.aten.adaptive_avg_pool3d.default: adaptive_average}


def write_onnx(program: ExportedProgram, path: Path, outputs: Sequence[str], about: Mapping[str, str]) -> None:
    """Write ONNX with the dynamo exporter, for any number of images, without the lines of the sources on this machine.

    Args:
        program: of :func:`export_program`.
        path: of the file.
        outputs: their names; the input is called ``image``.
        about: texts that go with it, by name, as the model's metadata.
    """
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            written: Any = torch.onnx.export(
                program.run_decompositions(UNKNOWN_TO_ONNX),
                (),
                dynamo=True,
                verbose=False,
                input_names=["image"],
                output_names=list(outputs),
                dynamic_shapes=({0: "batch"},),
            )
    finally:
        log.setLevel(level)
    for node in written.model.graph.all_nodes():
        node.metadata_props.clear()
    written.model.metadata_props.update(about)
    written.save(str(path), external_data=False)


def read_onnx(path: Path) -> Callable[[torch.Tensor], tuple[torch.Tensor, ...]]:
    """Give the function that an ONNX file holds, run by onnxruntime on the CPU."""
    runtime, _ = optional_import("onnxruntime")
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return lambda images: tuple(map(torch.from_numpy, session.run(None, {"image": images.numpy()})))
