# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from monai.utils import ensure_tuple

from monai_medtex.networks import ExplainedClassifier, load_weights
from monai_medtex.utils import InputError, atomic_write, file_digest, output_folder, versions

from .costs import network_costs, write_costs
from .exchange import EXCHANGE_FORMATS, Traced, check_formats
from .parity import check_parity, largest_differences
from .with_theta import WithTheta

__all__ = ["export_pair"]

logger = logging.getLogger("monai_medtex")


def export_pair(
    network: ExplainedClassifier,
    ckpt_path: str | os.PathLike,
    images: Sequence[torch.Tensor] | torch.Tensor,
    *,
    source: str,
    class_names: Sequence[str],
    activation: str = "softmax",
    formats: Sequence[str] = tuple(EXCHANGE_FORMATS),
    tolerance: float = 1e-4,
    teacher: Mapping[str, int] | None = None,
    folder: str | os.PathLike | None = None,
    readme: str | os.PathLike | None = None,
) -> dict[str, Any]:
    """Write the deployed pair in each format, with logits alone and with theta too, and compare each with PyTorch.

    Writes ``model.<format>``, ``model_theta.<format>`` and ``export.json``; a file that differs is not left.

    Args:
        network: the pair, whose weights are loaded.
        ckpt_path: its weights.
        images: CHW[D] each, in [0, 1], all of one shape; the files take any number of such images.
        source: what images these are, for the report.
        class_names: in the order of the logits; kept in the files, where the format can.
        activation: what makes probabilities of the logits, softmax or sigmoid; likewise.
        formats: keys of :data:`EXCHANGE_FORMATS`.
        tolerance: the largest difference of logits and theta allowed.
        teacher: what the teacher costs, if known.
        folder: where to; beside the weights if None.
        readme: where to write the costs too, if anywhere.

    Returns:
        what ``export.json`` holds.

    Raises:
        InputError: When weights do not fit, a format can't be written here, or there is no image.
        ParityError: When a file answers differently.
    """
    check_formats(formats)
    if not len(images):
        raise InputError("dataset_dir: there is no image to compare the exports on")
    load_weights(network, ckpt_path, "ckpt_path")
    batch = torch.stack([torch.as_tensor(image, dtype=torch.float32).cpu() for image in images])
    folder, shape = output_folder(folder or Path(ckpt_path).parent), tuple(batch.shape[1:])
    about = {"image_shape": list(shape), "class_names": list(class_names), "activation": activation}
    costs = network_costs(network.cpu().eval(), shape)
    costs["deployed"]["file_bytes"] = os.path.getsize(ckpt_path)
    report = {
        **about,
        "networks": {**({"teacher": dict(teacher)} if teacher else {}), **costs},
        "images": len(batch),
        "source": source,
        "tolerance": tolerance,
        "weights_sha256": file_digest(ckpt_path),
        "files": dict(_write(_variants(network, shape, about), formats, folder, batch, tolerance)),
        "versions": versions(),
    }
    with atomic_write(folder / "export.json") as temporary:
        temporary.write_text(json.dumps(report, indent=2) + "\n")
    if readme:
        write_costs(readme, report)
    logger.info("all agree with PyTorch to %g on %d %s images: %s", tolerance, len(batch), source, folder)
    return report


def _variants(
    network: ExplainedClassifier, image_shape: Sequence[int], about: Mapping[str, Any]
) -> Iterator[tuple[str, Traced]]:
    texts = {name: json.dumps(value) for name, value in about.items()}
    for name, part, outputs in (
        ("model", network, ("logits",)),
        ("model_theta", WithTheta(network).eval(), ("logits", "theta")),
    ):
        yield name, Traced(part, image_shape, outputs, texts)


def _write(
    variants: Iterator[tuple[str, Traced]], formats: Sequence[str], folder: Path, images: torch.Tensor, tolerance: float
) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, traced in variants:
        for suffix in formats:
            file = f"{name}.{suffix}"
            with atomic_write(folder / file) as temporary:
                EXCHANGE_FORMATS[suffix].write(traced, temporary)
                differences = dict(zip(traced.outputs, _differences(suffix, temporary, traced, images), strict=True))
                check_parity(file, differences, len(images), tolerance)
            size, largest = (folder / file).stat().st_size, max(differences.values())
            digest = file_digest(folder / file)
            logger.info("%s: %s, %d bytes, largest difference %.1e", file, " and ".join(traced.outputs), size, largest)
            yield (
                file,
                {
                    "outputs": list(traced.outputs),
                    "bytes": size,
                    "sha256": digest,
                    "largest_difference": differences,
                },
            )


def _differences(suffix: str, path: Path, traced: Traced, images: torch.Tensor) -> list[float]:
    answer = EXCHANGE_FORMATS[suffix].read(path)
    return largest_differences(answer, lambda batch: ensure_tuple(traced.network(batch), wrap_array=True), images)
