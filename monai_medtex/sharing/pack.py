# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import io
import json
import logging
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from monai_medtex.comparison import config_folder
from monai_medtex.utils import InputError, given_path, output_folder

from .bundle_zip import write_zip
from .changelog import changelog
from .dicom_identifiers import dicom_identifiers
from .exports import bare_exports
from .finished_run import FinishedRun, open_run
from .further_files import extra_files, licenses
from .identifiers import identifiers
from .inference_config import check_fit, standalone_inference
from .leaks import Confidential, Shared, bare_weights, refuse_leaks
from .measured import measured
from .metadata import write_metadata
from .run_kinds import RunKind, kind_of
from .stale_exports import refuse_stale_exports
from .teacher_weights import teacher_tensors

__all__ = ["pack"]

logger = logging.getLogger("monai_medtex")

OWN_IMAGES = "Images of the site that packed this bundle."
UNSTATED = {"authors": "not stated", "copyright": "not stated", "modality": "not stated"}


def pack(
    run_dir: str | os.PathLike | None,
    name: str | None,
    version: str,
    *,
    card: Mapping[str, Any],
    output_dir: str | os.PathLike | None = None,
    configs: Sequence[str] = (),
    dataset_dir: str | os.PathLike | None = None,
    teacher_ckpt: str | os.PathLike | None = None,
    evaluation_dir: str | os.PathLike | None = None,
    license_file: str | os.PathLike | None = None,
    data_license_file: str | os.PathLike | None = None,
    extra_dir: str | os.PathLike | None = None,
    previous: str | os.PathLike | None = None,
    bundle_root: str | os.PathLike = ".",
) -> Path:
    """Pack a finished run as a bundle, in the model zoo's layout, and refuse what must not leave the house.

    Of a distillation explainer and student are packed, and the teacher's weights are refused; of a teacher's own
    training (``teacher.json``) the teacher is.

    Args:
        run_dir: of the run.
        name: of the bundle: letters, digits and underscores.
        version: of the bundle, as ``1.0.0``.
        card: texts for metadata and model card: ``title``, ``description``, ``authors``, ``copyright``,
            ``data_source``, ``modality``, ``intended_use``, ``limits`` (one, or a list), ``changes``; None for the
            usual.
        output_dir: where the zip is written; None for the run's folder.
        configs: override files of ``train.json`` that the run was made with, where they change its networks.
        dataset_dir: where the run's images are; None for where they were.
        teacher_ckpt: where the teacher is; None for where it was.
        evaluation_dir: the evaluation whose figures are published; None for the run's own.
        license_file: licence of the bundle; None for the licence of the bundle that the run was made with.
        data_license_file: licence of the images.
        extra_dir: folder of further files, which replace those of the same path.
        previous: zip of the version before, whose changelog goes on.
        bundle_root: of the bundle that the run was made with.

    Returns:
        the path of ``<name>_v<version>.zip``.

    Raises:
        InputError: When something is missing, or must not leave the house.
    """
    _check_names(name, version)
    run = open_run(run_dir, dataset_dir, evaluation_dir)
    target = given_path(output_dir=output_dir or run.folder).absolute() / f"{name}_v{version}.zip"
    if target.exists():
        raise InputError(f"version: {target} is there already; a version is packed once")
    config_dir, kind = config_folder(bundle_root), kind_of(run)
    weights = bare_weights(run.model.read_bytes(), run.model.name, kind.shared)
    refuse_stale_exports(run.folder, run.model)
    models = {"models/model.pt": _saved(weights), **bare_exports(run.folder)}
    members = {**models, **_configs(config_dir, run, kind, configs)}
    template = json.loads((config_dir / "metadata.json").read_text())
    card = _card(run, kind, str(name), card, template)
    changes = changelog(previous, version, card.get("changes"))
    sizes = {path: len(model) for path, model in models.items()}
    members |= _texts(template, run, kind, str(name), card, changes, sizes)
    members |= licenses(config_dir.parent, not run.entries, license_file, data_license_file)
    members |= extra_files(extra_dir)
    refuse_leaks(members, _confidential(run, teacher_ckpt), Shared(kind.shared.contents, tuple(weights)))
    write_zip(output_folder(target.parent) / target.name, str(name), members)
    logger.info("packed %d files: %s", len(members), target)
    if not license_file:
        logger.info("its licence is that of monai_medtex's own bundle; give your own with --license_file")
    return target


def _confidential(run: FinishedRun, teacher_ckpt: str | os.PathLike | None) -> Confidential:
    """Class names are no secret, and may be names of the images' folders; nor is the teacher that is packed."""
    judged = [row["image"] for row in run.rows]
    names = {*identifiers(run.entries, judged), *dicom_identifiers(run.entries, judged)}
    known = {str(name).lower() for name in run.settings["class_names"]}
    teacher = {} if run.is_teacher else teacher_tensors(teacher_ckpt or run.settings["teacher_ckpt"])
    return Confidential(sorted(names - known), teacher)


def _check_names(name: str | None, version: str) -> None:
    if not name or not re.fullmatch(r"[A-Za-z]\w*", str(name), re.ASCII):
        raise InputError(f"name must be letters, digits and underscores, and begin with a letter, got {name}")
    if not re.fullmatch(r"\d+\.\d+\.\d+", str(version)):
        raise InputError(f"version must be three numbers such as 1.0.0, got {version}")


def _json(content: Mapping[str, Any]) -> bytes:
    return (json.dumps(content, indent=4) + "\n").encode()


def _configs(config_dir: Path, run: FinishedRun, kind: RunKind, configs: Sequence[str]) -> dict[str, bytes]:
    config = standalone_inference(config_dir, run.folder, kind, [configs] if isinstance(configs, str) else configs)
    check_fit(config, run.model, kind)
    logging_conf = (config_dir / "logging.conf").read_bytes()
    return {"configs/inference.json": _json(config), "configs/logging.conf": logging_conf}


def _card(
    run: FinishedRun, kind: RunKind, name: str, card: Mapping[str, Any], template: Mapping[str, Any]
) -> dict[str, Any]:
    """Put the usual texts where there are none; of synthetic images the bundle's own metadata tell."""
    types = {Path(str(entry["image"]).removesuffix(".gz")).suffix.removeprefix(".").lower() for entry in run.entries}
    usual = {
        "title": name,
        "data_source": OWN_IMAGES if run.entries else template["data_source"],
        "data_type": ", ".join(sorted(types)) or template["data_type"],
    }
    given = {key: text for key, text in card.items() if text}
    return {**(UNSTATED if run.entries else {}), **kind.texts, **usual, **given}


def _texts(
    template: Mapping[str, Any],
    run: FinishedRun,
    kind: RunKind,
    name: str,
    card: Mapping[str, Any],
    changes: Mapping[str, str],
    models: Mapping[str, int],
) -> dict[str, bytes]:
    figures = measured(run)
    metadata = write_metadata(template, run, figures, card, changes)
    readme = kind.card(name, run, figures, card, metadata, models)
    return {"configs/metadata.json": _json(metadata), "docs/README.md": readme.encode()}


def _saved(weights: Mapping[str, Tensor]) -> bytes:
    """Write the weights anew, so that nothing else comes along, such as the rest of a storage that a tensor views."""
    written = io.BytesIO()
    torch.save({key: tensor.detach().clone().contiguous() for key, tensor in weights.items()}, written)
    return written.getvalue()
