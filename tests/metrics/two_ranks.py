# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0
"""Run by the processes that test_image_rows starts; importable by name in each of them."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import torch
import torch.distributed as dist

from monai_medtex.metrics import ClassAgreement, PredictiveKL, ThetaStatistics, TopKIoU
from monai_medtex.utils import leave_together

IMAGES = 7


def figures(images: slice) -> dict[str, float]:
    """All metrics over some of the images; every rank makes the same images."""
    generator = torch.Generator().manual_seed(0)
    student, teacher = (torch.randn(IMAGES, 3, generator=generator) for _ in range(2))
    theta = torch.rand(IMAGES, 1, 16, 16, generator=generator).mul(3).round() / 3  # many ties
    lesion = torch.rand(IMAGES, 1, 16, 16, generator=generator) < 0.2
    lesion[3] = False
    pairs = (
        (ClassAgreement(3), student, teacher),
        (PredictiveKL(), student, teacher),
        (ThetaStatistics(), theta, theta),
        (TopKIoU(), theta, lesion),
    )
    result: dict[str, float] = {}
    for metric, prediction, target in pairs:
        if len(prediction[images]):
            metric(prediction[images], target[images])
        figure = metric.aggregate()
        result |= figure if isinstance(figure, dict) else {"kl": figure.item()}
        result |= {f"rows of {type(metric).__name__}": len(metric.get_buffer())}
    return result


def run(rank: int, folder: str, splits: list[int]) -> None:
    """Take the share of this rank for each split and write what the metrics say."""
    meeting = f"file://{folder}/rendezvous"
    dist.init_process_group("gloo", meeting, timeout=timedelta(minutes=5), rank=rank, world_size=2)
    shares = [slice(0, split) if rank == 0 else slice(split, None) for split in splits]
    Path(folder, f"rank{rank}.json").write_text(json.dumps([figures(share) for share in shares]))
    leave_together()
