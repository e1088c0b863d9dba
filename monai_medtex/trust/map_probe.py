# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""Can the class be read from the map alone, without the image?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import deepcopy
from typing import Any, NamedTuple

import torch
from monai.data import Dataset
from monai.utils import set_determinism
from torch import Tensor, nn
from torch.nn import functional as F

from .subject import Subject

__all__ = ["probe_maps", "read_from_maps"]

LEARNING_RATE, BATCH = 0.001, 16
FEWEST = {"training": 20, "test": 10}  # lesions of each class that a control needs


class Read(NamedTuple):
    """A section's maps, with what the teacher says of the images."""

    theta: Tensor  # BCHW[D]
    grad_cam: Tensor  # B1HW[D]
    lesions: Tensor  # B1HW[D]
    classes: Tensor  # B

    def of(self, chosen: Tensor) -> Read:
        """Return some of the images."""
        return Read(*(part[chosen] for part in self))


def read_from_maps(
    network: nn.Module,
    training: tuple[Tensor, Tensor],
    test: Tensor,
    epochs: int,
    seed: int = 0,
    device: torch.device | str = "cpu",
) -> Tensor:
    """Train a small classifier on maps alone, and let it tell the classes of other maps.

    Args:
        network: maps B1HW[D] or BCHW[D] to logits BC; a copy of it is trained.
        training: maps BCHW[D] and their classes, shape B.
        test: maps BCHW[D].
        epochs: passes over the training maps.
        seed: of their order.
        device: where to train.

    Returns:
        a class for each map of the test, shape B.
    """
    maps, classes = training
    centre, spread = maps.float().mean(), maps.float().std().clamp_min(1e-6)
    reader = deepcopy(network).to(device).train()
    optimizer = torch.optim.Adam(reader.parameters(), lr=LEARNING_RATE)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(epochs):
        for chosen in torch.randperm(len(maps), generator=generator).split(BATCH):
            if len(chosen) == 1 < len(maps):
                continue
            optimizer.zero_grad()
            logits = reader((maps[chosen].float().to(device) - centre) / spread)
            F.cross_entropy(logits, classes[chosen].to(device)).backward()
            optimizer.step()
    reader.eval()
    with torch.no_grad():
        answers = [reader((part.float().to(device) - centre) / spread).argmax(dim=1) for part in test.split(BATCH)]
    return torch.cat(answers).cpu()


def probe_maps(subject: Subject, training: Dataset, repeats: int, epochs: int) -> dict[str, Any]:
    """Read the teacher's class from theta alone, and from a map that is known to be honest.

    The honest map is the lesion itself, on the images that have one, if there are enough of them in every class; else
    the teacher's own Grad-CAM, which was made without any training that could have hidden something in it.

    Args:
        subject: the run.
        training: entries of the training images, with ``image`` and ``mask`` at the networks' size.
        repeats: classifiers to train on each kind of map, from other weights.
        epochs: of each.

    Returns:
        ``control`` (its name), ``images`` (positions of the test images that are told), for each of them ``theta`` and
        ``honest``, the share of the classifiers that told its class, and ``commonest``, the share of the class that is
        the commonest one in the training.
    """
    parser = subject.content
    learnt = _read(subject, _stacks(training, subject))
    told = _read(subject, ((batch.images, batch.lesions) for batch in subject.batches()))
    control, (some, others) = _honest(learnt, told)
    learnt, told = learnt.of(some), told.of(others)
    right: dict[str, Tensor] = {}
    for repeat in range(repeats):
        set_determinism(parser.get_parsed_content("eval_x_seed") + 1 + repeat)
        network = parser.get_parsed_content("probe").apply(_reset)
        for name in ("theta", control):
            first, second = (getattr(part, name).expand_as(part.theta) for part in (learnt, told))
            answers = read_from_maps(network, (first, learnt.classes), second, epochs, repeat, subject.device)
            right[name] = right.get(name, 0) + (answers == told.classes).float() / repeats
    return {
        "control": {"lesions": "lesion masks", "grad_cam": "Grad-CAM"}[control],
        "images": others.nonzero()[:, 0].tolist(),
        "training_images": len(learnt.classes),
        "theta": right["theta"].tolist(),
        "honest": right[control].tolist(),
        "commonest": float((told.classes == learnt.classes.mode().values).float().mean()),
    }


def _reset(module: nn.Module) -> None:
    reset = getattr(module, "reset_parameters", None)
    if reset is not None:
        reset()


def _stacks(entries: Dataset, subject: Subject) -> Iterator[tuple[Tensor, Tensor]]:
    for start in range(0, len(entries), subject.batch_size):
        batch = [entries[number] for number in range(start, min(start + subject.batch_size, len(entries)))]
        images, lesions = (torch.stack([torch.as_tensor(entry[key]) for entry in batch]) for key in ("image", "mask"))
        yield images.to(subject.device), lesions > 0.5


def _read(subject: Subject, stacks: Iterable[tuple[Tensor, Tensor]]) -> Read:
    """Half precision halves the memory that the maps of all training images take."""
    parts = []
    for images, lesions in stacks:
        with torch.no_grad():
            theta, logits = subject.deployed.explain(images), subject.teacher(images)
        honest = subject.grad_cam.explain(images)
        parts.append(Read(theta.half().cpu(), honest.float().cpu(), lesions.half().cpu(), logits.argmax(dim=1).cpu()))
    return Read(*(torch.cat(part) for part in zip(*parts, strict=True)))


def _honest(learnt: Read, told: Read) -> tuple[str, list[Tensor]]:
    """Choose the control, and the images of the training and of the test to which it can be applied."""
    marked = [part.lesions.flatten(1).any(dim=1) for part in (learnt, told)]
    classes = torch.cat([learnt.classes, told.classes]).unique()
    enough = all(
        int((part.classes[some] == index).sum()) >= FEWEST[section]
        for section, part, some in zip(FEWEST, (learnt, told), marked, strict=True)
        for index in classes.tolist()
    )
    if enough:
        return "lesions", marked
    return "grad_cam", [torch.ones_like(some) for some in marked]
