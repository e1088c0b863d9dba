# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from monai.bundle import ConfigParser

from monai_medtex.networks import load_weights
from monai_medtex.utils import InputError

from .run_kinds import RunKind

__all__ = ["check_fit", "standalone_inference"]

WEIGHTS = "$os.path.join(@bundle_root, 'models', 'model.pt')"
OF_A_RUN = re.compile(r"@run_(dir|settings)\b")


def standalone_inference(
    config_dir: Path, run_dir: str | os.PathLike, kind: RunKind, configs: Sequence[str] = ()
) -> dict[str, Any]:
    """Write the settings of a run into ``inference.json``, so that it needs the run no more.

    Args:
        config_dir: of the bundle.
        run_dir: of the run.
        kind: of the run.
        configs: override files of ``train.json`` that the run was made with, of which the networks are taken.

    Raises:
        InputError: When a config file is missing, or something but the settings would be needed of the run.
    """
    if not (config_dir / kind.inference).is_file():
        raise InputError(f"run_dir: the bundle {config_dir.parent.name} packs no such run (it has no {kind.inference})")
    config = ConfigParser.load_config_file(config_dir / kind.inference)
    config |= _networks(config_dir, kind.networks, configs, config)
    parser = ConfigParser({**config, "run_dir": str(run_dir)})
    for key, value in config.items():
        if isinstance(value, str) and "@run_settings" in value:
            config[key] = json.loads(json.dumps(parser.get_parsed_content(key)))
    config["ckpt_path"] = WEIGHTS
    config = {key: value for key, value in config.items() if key not in ("run_dir", "run_settings")}
    for key, value in config.items():
        if OF_A_RUN.search(json.dumps(value)):
            raise InputError(f"{kind.inference}: {key} needs the run's folder, and can't be shared: {value}")
    return config


def check_fit(config: Mapping[str, Any], model: Path, kind: RunKind) -> None:
    """Check that the weights fit the network that the config describes.

    Args:
        config: as :func:`standalone_inference` gives it.
        model: weights.
        kind: of the run.

    Raises:
        InputError: When they do not, or the network is of another kind.
    """
    try:
        network = ConfigParser(dict(config)).get_parsed_content("network_def")
    except RuntimeError as error:
        raise InputError(
            f"{kind.inference}: the run's settings do not describe its networks; name its config files with --configs"
        ) from error
    if not isinstance(network, kind.network):
        name = type(network).__name__
        raise InputError(f"{kind.inference}: network_def is a {name}, not of the kind {kind.network.__name__}")
    try:
        load_weights(network, model, "run_dir")
    except InputError as error:
        raise InputError(f"{error}; were other config files used? Name them with --configs") from error


def _networks(
    config_dir: Path, names: Sequence[str], configs: Sequence[str], config: Mapping[str, Any]
) -> dict[str, Any]:
    """Read the networks of a variant, with the values that they refer to; what the run's settings say is kept."""
    files = [path if (path := Path(name)).is_file() else config_dir / name for name in configs]
    for file in files:
        if not file.is_file():
            raise InputError(f"configs: there is no file {file}")
    variant = {key.lstrip("+"): value for file in files for key, value in ConfigParser.load_config_file(file).items()}
    networks = {key: variant[key] for key in names if key in variant}
    needed = set(re.findall(r"@(\w+)", json.dumps(networks))) & variant.keys() - config.keys()
    return networks | {key: variant[key] for key in needed}
