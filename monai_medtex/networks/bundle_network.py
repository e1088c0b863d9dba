# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import os

from monai.bundle import ConfigParser
from torch import nn

from monai_medtex.utils import InputError, given_path, one_line

__all__ = ["bundle_network"]

CONFIGS = [f"{name}.{suffix}" for name in ("inference", "train", "evaluate") for suffix in ("json", "yaml", "yml")]


def bundle_network(model: str | os.PathLike | None) -> nn.Module:
    """Build the ``network_def`` of the MONAI bundle that a file of weights belongs to.

    The weights themselves are left to :func:`load_weights`. A bundle's config can call any code: open only bundles that
    you trust.

    Args:
        model: ``models/model.pt`` of the bundle; its config, ``configs/inference.json`` or YAML, else ``train``, is
            looked up beside the folder ``models``.

    Raises:
        InputError: When no file is named, it lies in no bundle, or the config has no network.
    """
    if not model:
        raise InputError("teacher_ckpt: name the bundle's models/model.pt with --teacher_ckpt")
    root = given_path(teacher_ckpt=model).absolute().parent.parent
    files = [root / "configs" / name for name in CONFIGS if (root / "configs" / name).is_file()]
    if not files:
        raise InputError(f"teacher_ckpt: {model} is in no bundle (there is no {root / 'configs' / CONFIGS[0]})")
    parser = ConfigParser()
    try:
        parser.read_config(files[0])
        if "network_def" not in parser:
            raise InputError(f"teacher_ckpt: {files[0]} has no network_def")
        parser["bundle_root"] = str(root)
        network = parser.get_parsed_content("network_def")
    except Exception as error:
        raise InputError(f"teacher_ckpt: the network_def of {files[0]} cannot be built: {one_line(error)}") from error
    if not isinstance(network, nn.Module):
        raise InputError(f"teacher_ckpt: the network_def of {files[0]} is a {type(network).__name__}, not a network")
    return network
