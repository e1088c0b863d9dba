# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""EVAL-X (Jethani et al., "Have we learned to explain?", AISTATS 2021): another reader of what the map shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from monai.bundle import ConfigParser
from monai.utils import set_determinism
from monai.visualize import default_upsampler
from torch import Tensor, nn

from monai_medtex.metrics import top_share_mask
from monai_medtex.networks import load_weights, masked
from monai_medtex.utils import save_tensors

from .deployed_baseline import masked_by
from .subject import Batch, Subject

__all__ = ["answers_to_views", "random_scores", "trained_eval_x"]

CELLS = 8  # of the random maps, along each axis
DRAWS = 3  # random maps of each image


def trained_eval_x(parser: ConfigParser, folder: Path) -> nn.Module:
    """Train EVAL-X as the config says, unless its weights are there, and return it in eval mode.

    Args:
        parser: the opened config of the run, with the networks' weights loaded.
        folder: of the weights.
    """
    content, weights = parser.get_parsed_content, folder / "model.pt"
    set_determinism(content("eval_x_seed"))
    network = content("eval_x#network")
    if not weights.is_file():
        content("eval_x#trainer").run()
        save_tensors(network.state_dict(), weights)
    load_weights(network, weights, "eval_x")
    return network.eval()


@torch.no_grad()
def answers_to_views(subject: Subject, eval_x: nn.Module, areas: Sequence[float]) -> list[dict[str, Any]]:
    """Ask the teacher, the student and EVAL-X for the class of every test image.

    Args:
        subject: the run.
        eval_x: maps images BCHW[D] to logits BC.
        areas: shares of the image that are shown.

    Returns:
        of each image ``teacher`` and ``student``, a class each, and ``eval_x``, what EVAL-X answers to each view:
        ``whole``, ``empty``, ``theta`` (what the student sees), ``lesion`` (where there is one), and for each area
        ``top AREA`` (the highest-scoring pixels alone) and ``random AREA`` (a class for each draw).
    """
    noise = random_scores(len(subject.images), subject.images[0].image.shape[1:])
    rows: list[dict[str, Any]] = []
    for batch in subject.batches():
        theta = subject.deployed.explain(batch.images)
        student = subject.deployed.classify(batch.images, theta).argmax(dim=1).tolist()
        teacher = subject.teacher(batch.images).argmax(dim=1).tolist()
        seen: list[dict[str, list[int]]] = [{} for _ in teacher]
        for name, view in _views(batch, theta, noise[:, batch.positions].to(theta), subject, areas):
            for found, answer in zip(seen, eval_x(view).argmax(dim=1).tolist(), strict=True):
                found.setdefault(name, []).append(answer)
        for found, lesion in zip(seen, batch.lesions, strict=True):
            if not lesion.any():
                del found["lesion"]
        rows += [
            {"teacher": taught, "student": learnt, "eval_x": found}
            for taught, learnt, found in zip(teacher, student, seen, strict=True)
        ]
    return rows


def _views(
    batch: Batch, theta: Tensor, noise: Tensor, subject: Subject, areas: Sequence[float]
) -> Iterator[tuple[str, Tensor]]:
    """What EVAL-X is shown of each image, one name more than once for several draws."""
    images = batch.images
    removed = subject.baseline(images)
    yield "whole", images
    yield "empty", removed
    yield "theta", masked_by(subject.deployed, images, theta)
    yield "lesion", masked(images, batch.lesions.to(images), removed)
    for area in areas:
        yield f"top {area:g}", masked(images, top_share_mask(theta, area, batch.inside).to(images), removed)
        for scores in noise:
            yield f"random {area:g}", masked(images, top_share_mask(scores, area, batch.inside).to(images), removed)


def random_scores(images: int, spatial_shape: Sequence[int], draws: int = DRAWS, seed: int = 0) -> Tensor:
    """Draw smooth random maps, whose highest scores are a few patches, as those of an explainer are.

    Args:
        images: how many.
        spatial_shape: their size.
        draws: maps of each image.
        seed: of the draws.

    Returns:
        the maps, shape (draws, images, 1, H, W[, D]).
    """
    axes = len(spatial_shape)
    cells = torch.rand(draws * images, 1, *[CELLS] * axes, generator=torch.Generator().manual_seed(seed))
    return default_upsampler(tuple(spatial_shape))(cells).view(draws, images, 1, *spatial_shape)
