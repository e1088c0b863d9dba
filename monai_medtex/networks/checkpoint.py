# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import os

import torch
from torch import nn

from monai_medtex.utils import InputError, given_file

from .teacher_program import TeacherProgram

__all__ = ["load_checkpoint", "load_weights"]


def load_checkpoint(path: str | os.PathLike, argument: str = "checkpoint") -> dict:
    """Read a file of tensors and plain values, with ``weights_only=True``.

    Args:
        path: the file.
        argument: what to call it in an error.

    Raises:
        InputError: When the file is missing, broken, or holds more than weights.
    """
    file = given_file(**{argument: path})
    try:
        checkpoint = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        raise InputError(f"{argument}: {path} is broken, or holds more than weights, and is not loaded") from error
    if not isinstance(checkpoint, dict):
        raise InputError(f"{argument}: {path} holds a {type(checkpoint).__name__}, not a dict of weights")
    return checkpoint


def load_weights(module: nn.Module, path: str | os.PathLike, argument: str = "checkpoint") -> None:
    """Load a state dict that must fit ``module`` key by key and shape by shape.

    Args:
        module: the network to fill; a :class:`TeacherProgram` has its weights already, and is left as it is.
        path: a bare state dict, or a dict that holds one as ``model``, ``network`` or ``state_dict``.
        argument: what to call the file in an error.

    Raises:
        InputError: When the file can't be read or does not fit; the line names the first key or shape that differs.
    """
    if isinstance(module, TeacherProgram):
        return
    found = load_checkpoint(path, argument)
    found = next((found[key] for key in ("model", "network", "state_dict") if isinstance(found.get(key), dict)), found)
    wanted = module.state_dict()
    name = type(module).__name__
    common = wanted.keys() & found.keys()
    if not common:
        raise InputError(
            f"{argument}: no key of {path} fits {name} (it has '{next(iter(found), '')}', not "
            f"'{next(iter(wanted), '')}')"
        )
    for key in wanted:
        if key in common and _kind(wanted[key]) != _kind(found[key]):
            raise InputError(
                f"{argument}: '{key}' of {path} has {_kind(found[key])}, but {name} needs {_kind(wanted[key])}; "
                "do the numbers of classes and channels agree?"
            )
    missing, extra = [key for key in wanted if key not in found], [key for key in found if key not in wanted]
    if missing or extra:
        raise InputError(
            f"{argument}: {path} does not fit {name}: {len(missing)} keys missing {missing[:2]}, "
            f"{len(extra)} unknown {extra[:2]}"
        )
    module.load_state_dict(found)


def _kind(value: object) -> str:
    return f"shape {tuple(value.shape)}" if isinstance(value, torch.Tensor) else f"type {type(value).__name__}"
