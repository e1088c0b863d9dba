# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monai_medtex.comparison import config_folder
from monai_medtex.data import fingerprint
from monai_medtex.utils import InputError, given_path, output_folder, read_settings

from .configuration import RunConfiguration, beneath, calling_config, check_same_run, configured_as
from .inquiry import Inquiry
from .options import Options
from .parts import Parts
from .report import write_report
from .subject import digest, load_subject

__all__ = ["trust"]

logger = logging.getLogger("monai_medtex")


def trust(
    run_dir: str | os.PathLike | None,
    options: Mapping[str, Any],
    *,
    dataset_dir: str | os.PathLike | None = None,
    teacher_ckpt: str | os.PathLike | None = None,
    output_dir: str | os.PathLike | None = None,
    bundle_root: str | os.PathLike = ".",
) -> Path:
    """Judge a finished run by what took no part in its training, and write the folder ``trust``.

    It is called by an expression of ``trust.json``, which was opened alone or after the config files of the run. What
    an interrupted call left is not done again.

    Args:
        run_dir: of the run.
        options: see :class:`Options`.
        dataset_dir: where the images are; None for where they were.
        teacher_ckpt: where the teacher is; None for where it was.
        output_dir: where to make the folder; None for the run's own.
        bundle_root: of the bundle, for ``train.json`` where ``trust.json`` was opened alone.

    Returns:
        the folder, with the page ``index.html``.
    """
    settings, chosen = read_settings(run_dir, needs="theta_channels"), Options(**options)
    if settings.get("activation") == "sigmoid":
        raise InputError(f"run_dir: {run_dir} answers by several labels; trust is for runs of one class per image")
    model = Path(str(run_dir)) / "model.pt"
    if not model.is_file():
        raise InputError(f"run_dir: {run_dir} has no model.pt; is the run over?")
    folder = given_path(output_dir=output_dir or run_dir).absolute() / "trust"
    config = beneath(calling_config(), config_folder(bundle_root))
    config = {**configured_as(config, settings, dataset_dir, teacher_ckpt), "run_dir": str(folder / "parts" / "eval_x")}
    configuration = RunConfiguration(config)
    parser = configuration.open()
    check_same_run(parser.get_parsed_content("settings"), settings, str(run_dir))
    subject = load_subject(parser, model)
    about = {"run": settings, "data": fingerprint(parser.get_parsed_content("data"))}
    basis = {
        "model": digest(model),
        "teacher": digest(parser.get_parsed_content("teacher_path")),
        "data": about["data"],
    }
    parts = Parts(output_folder(folder) / "parts")
    inquiry = Inquiry(subject, configuration, chosen, parts, basis, settings["data"])
    inquiry.judge()
    if chosen.retrain:
        write_report(folder, subject, inquiry.evidence(), chosen, about)
        inquiry.retrain()
    write_report(folder, subject, inquiry.evidence(), chosen, about)
    logger.info("report: %s", folder / "index.html")
    return folder
