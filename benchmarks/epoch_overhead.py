# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0
"""Seconds per epoch of the bundle against a plain PyTorch loop, as ratios of interleaved epochs of one run.

Three trainings take turns: ``trainer`` (the bundle's trainer with the handlers that training needs), ``plain`` (see
:mod:`plain_loop`) and ``full`` (with validation, TensorBoard, table, best model and checkpoint too). Every other round
goes backwards, and the first, which fills the caches, is not counted.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from statistics import median

import torch
from bundle_parts import TRAINING_HANDLERS, add_arguments, open_bundle, prepare, seconds, trainer_of
from plain_loop import PlainLoop

TARGET = 1.10


def spread(values: list[float]) -> str:
    return f"{median(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def check_same_loss(plain: PlainLoop, inferer: object, loss: object) -> None:
    """Raise unless both ways give one loss for one batch."""
    batch = next(iter(plain.batches))
    images = plain.images(batch)
    torch.testing.assert_close(plain.loss(images), loss(inferer(batch["image"].to(plain.device), plain.network)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--epochs", type=int, default=6, help="counted epochs of each training")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        overrides = prepare(Path(folder), options)
        bundle = open_bundle(overrides, TRAINING_HANDLERS)
        trainer, plain, full_trainer = trainer_of(bundle), PlainLoop(bundle), trainer_of(open_bundle(overrides))
        check_same_loss(plain, trainer.inferer, trainer.loss_function)
        epochs = {"trainer": trainer.run, "plain": plain.epoch, "full": full_trainer.run}
        rounds = []
        for number in range(options.epochs + 1):
            order = list(epochs)[:: -1 if number % 2 else 1]
            rounds.append({name: seconds(epochs[name], plain.device) for name in order})
    images = len(plain.batches.dataset)
    print(
        f"{plain.device}, {torch.get_num_threads()} threads, amp {plain.amp}, {images} images, {options.epochs} epochs"
    )
    for number, clock in enumerate(("wall clock", "CPU time of the process")):
        report(clock, [{name: times[number] for name, times in epoch.items()} for epoch in rounds[1:]], images)


def report(clock: str, rounds: list[dict[str, float]], images: int) -> None:
    ratios = [times["trainer"] / times["plain"] for times in rounds]
    print(f"{clock}: median (minimum to maximum)")
    for name in ("trainer", "plain", "full"):
        print(f"  {name:8s} ms per image  {spread([1000 * times[name] / images for times in rounds])}")
    print(f"  trainer / plain        {spread(ratios)}, target at most {TARGET}: {median(ratios) <= TARGET}")
    print(f"  full / plain           {spread([times['full'] / times['plain'] for times in rounds])}")
    extra = spread([times["full"] - times["trainer"] for times in rounds])
    print(f"  full - trainer, seconds per epoch for validation, TensorBoard and files: {extra}")


if __name__ == "__main__":
    main()
