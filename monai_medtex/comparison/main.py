# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from monai_medtex.data import check_images, check_labels, fingerprint
from monai_medtex.utils import InputError, file_digest, given_file, mark_finished, run_folder

from .compare import Comparison
from .judge import Judge
from .judged_image import load_images, sample_images
from .plan import plan, read_methods
from .report import write_report
from .workflow import config_folder, open_workflow

__all__ = ["compare"]

logger = logging.getLogger("monai_medtex")


def compare(
    methods: Mapping[str, Mapping[str, Any]],
    *,
    options: Mapping[str, Any],
    teacher_options: Mapping[str, Any],
    run_options: Mapping[str, Any],
    seeds: Sequence[int],
    fractions: Sequence[float],
    epochs: int,
    teacher_ckpt: str | None = None,
    map_images: int | None = None,
    faithful_images: int = 32,
    reference: str = "MED-TEX",
    skip: Sequence[str] = (),
    bundle_root: str | os.PathLike = ".",
    output_dir: str | os.PathLike | None = None,
    resume: bool | str = False,
) -> Path:
    """Run a comparison of methods and write its report.

    Args:
        methods: see :func:`~monai_medtex.comparison.read_methods`.
        options: of every run of the bundle, as on the command line.
        teacher_options: of the teachers' runs besides.
        run_options: of the methods' runs besides.
        seeds: each with a teacher of its own, unless there is a ``teacher_ckpt``.
        fractions: shares of the training images.
        epochs: passes over all the training images; with a share of them, as many steps.
        teacher_ckpt: a teacher for all seeds.
        map_images: how many test images with a lesion are explained; None for all.
        faithful_images: how many of them the maps are tried on by deletion, insertion and ROAD.
        reference: the method that the others are tested against.
        skip: names of methods to leave out.
        bundle_root: of the bundle with ``configs/train.json``.
        output_dir: where comparisons are kept.
        resume: as of :func:`monai_medtex.utils.run_folder`.

    Returns:
        the comparison's folder, with the report in ``report``.
    """
    _check(methods, seeds, fractions, teacher_ckpt, skip, reference)
    methods = {name: method for name, method in methods.items() if name not in skip}
    config_dir = config_folder(bundle_root)
    content = open_workflow(
        config_dir, ["train.json", "compared.json"], "training", **options, **run_options
    ).parser.get_parsed_content
    data = content("data")
    check_images(sum(data.values(), []), content("in_channels"))
    check_labels(data["training"], content("num_classes"), required=not teacher_ckpt)
    settings = {
        "data": fingerprint(data),
        "methods": methods,
        "options": options,
        "teacher_options": teacher_options,
        "run_options": run_options,
        "seeds": seeds,
        "fractions": fractions,
        "epochs_of_all_images": epochs,
        "teacher_ckpt": teacher_ckpt,
        "teacher_sha256": file_digest(teacher_ckpt) if teacher_ckpt else None,
        "map_images": map_images,
        "faithful_images": faithful_images,
        "reference": reference,
    }
    tasks = plan(read_methods(methods, fractions), seeds)
    folder = run_folder(output_dir, "comparison", settings, resume)
    images = load_images(content("judged_images"), options.get("dataset_dir"))
    explained = sample_images(images, map_images)
    faithful = sample_images(explained, faithful_images)
    judge = Judge(images, explained, faithful, content("device"), content("batch_size"))
    comparison = Comparison(
        folder, config_dir, tasks, judge, options, teacher_options, run_options, epochs, teacher_ckpt
    )
    comparison.run()
    write_report(comparison, content, settings)
    if not comparison.failed:
        mark_finished(folder)
    logger.info("report: %s", folder / "report" / "index.html")
    return folder


def _check(
    methods: Mapping[str, Any],
    seeds: Sequence[int],
    fractions: Sequence[float],
    teacher_ckpt: str | None,
    skip: Sequence[str],
    reference: str,
) -> None:
    for argument, names in {"skip": skip, "reference": [reference]}.items():
        for name in names:
            if name not in methods:
                raise InputError(f"{argument}: '{name}' is none of the methods {', '.join(methods)}")
    for argument, values in {"seeds": seeds, "fractions": fractions}.items():
        if not isinstance(values, (list, tuple)) or not values:
            raise InputError(f"{argument} must be a list such as [0, 1], got {values}")
    for share in fractions:
        if not 0 < share <= 1:
            raise InputError(f"fractions must be above 0 and at most 1, got {share}")
    if teacher_ckpt:
        given_file(teacher_ckpt=teacher_ckpt)
