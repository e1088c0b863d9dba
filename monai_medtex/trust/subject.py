# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import os
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from monai.bundle import ConfigParser
from torch import Tensor, nn

from monai_medtex.comparison import JudgedImage, load_images
from monai_medtex.explainers import GradCAMMap
from monai_medtex.networks import ExplainedClassifier, load_weights
from monai_medtex.utils import file_digest

from .deployed_baseline import baseline_of

__all__ = ["Subject", "digest", "load_subject"]


class Batch(NamedTuple):
    """Some test images: positions, and on the networks' device images BCHW[D], lesions and own pixels B1HW[D]."""

    positions: list[int]
    images: Tensor
    lesions: Tensor
    inside: Tensor


@dataclass(frozen=True)
class Subject:
    """A finished run, with its networks in eval mode, and the test images on which it is judged.

    Attributes:
        content: the opened config of the run.
        deployed: explainer and student; has ``explain`` and ``classify``.
        teacher: maps images BCHW[D] to logits BC.
        grad_cam: of the teacher.
        images: of the test.
        lesions: Boolean, at the networks' size, shape 1HW[D]; empty where there is none.
        device: where the networks are.
        batch_size: images that go through a network at once.
    """

    content: ConfigParser
    deployed: ExplainedClassifier
    teacher: nn.Module
    grad_cam: GradCAMMap
    images: list[JudgedImage]
    lesions: list[Tensor]
    device: torch.device
    batch_size: int

    @property
    def groups(self) -> list[Hashable]:
        """What the bootstrap draws: the patient where known, else the image."""
        return [("patient", image.patient) if image.patient else image.name for image in self.images]

    @property
    def baseline(self) -> nn.Module:
        """What a removed pixel becomes."""
        return baseline_of(self.deployed)

    def batches(self) -> Iterator[Batch]:
        """Go through the test images."""
        for start in range(0, len(self.images), self.batch_size):
            positions = list(range(start, min(start + self.batch_size, len(self.images))))
            images = torch.stack([self.images[position].image for position in positions]).to(self.device)
            lesions = torch.stack([self.lesions[position] for position in positions]).to(self.device)
            inside = torch.stack([self.images[position].inside for position in positions]).to(self.device)
            yield Batch(positions, images, lesions, inside)

    @torch.no_grad()
    def maps(self) -> Tensor:
        """Return theta of all test images, shape BCHW[D], on the CPU."""
        return torch.cat([self.deployed.explain(batch.images).float().cpu() for batch in self.batches()])


def load_subject(parser: ConfigParser, model: str | os.PathLike, argument: str = "run_dir") -> Subject:
    """Build the networks of a run, load their weights, and load the test images.

    Args:
        parser: the opened config of the run.
        model: weights of the deployed network.
        argument: what to call them in an error.

    Raises:
        InputError: When the teacher cannot be tapped: there is no Grad-CAM of it to compare with.
    """
    content = parser.get_parsed_content
    teacher, deployed = content("teacher_network"), content("deployable")
    load_weights(teacher, content("teacher_path"), "teacher_ckpt")
    load_weights(deployed, model, argument)
    device = content("device")
    entries = list(content("judged_images"))
    return Subject(
        parser,
        deployed.to(device).eval(),
        teacher.to(device).eval(),
        content("grad_cam"),
        load_images(entries, content("dataset_dir")),
        [torch.as_tensor(entry["mask"]) > 0.5 for entry in entries],
        device,
        content("batch_size"),
    )


def digest(path: str | os.PathLike) -> str:
    """Identify a file by its content: the first 12 hexadecimal digits of its SHA-256."""
    return file_digest(path)[:12]
