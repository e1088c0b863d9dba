# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from monai.utils import ensure_tuple
from torch import nn
from torch.export import Dim, ExportedProgram

__all__ = ["export_program", "read_exported_program", "write_exported_program"]


def export_program(network: nn.Module, image_shape: Sequence[int]) -> ExportedProgram:
    """Export a network for any number of images of one shape.

    What would tell of this machine is left out: the lines of the sources, and the example that was traced.

    Args:
        network: maps images BCHW[D] to one tensor or several.
        image_shape: CHW[D] of one image.
    """
    example = (torch.zeros(2, *image_shape),)
    with torch.no_grad():
        program = torch.export.export(network, example, dynamic_shapes=({0: Dim("batch", min=1)},))
    for part in program.graph_module.modules():
        for node in part.graph.nodes if isinstance(part, torch.fx.GraphModule) else ():
            node.meta.pop("stack_trace", None)
    program._example_inputs = None
    return program


def write_exported_program(program: ExportedProgram, path: Path) -> None:
    """Write an exported program, ``.pt2``."""
    with open(path, "wb") as file:
        torch.export.save(program, file)


def read_exported_program(path: Path) -> Callable[[torch.Tensor], tuple[torch.Tensor, ...]]:
    """Give the function that an exported program holds."""
    network = torch.export.load(path).module()
    return lambda images: ensure_tuple(network(images), wrap_array=True)
