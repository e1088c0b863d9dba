# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0
"""The bundle ``medtex_fundus`` as its ``train.json`` builds it, on synthetic images and an untrained teacher."""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Callable, Collection
from pathlib import Path

import torch
from ignite.engine import Events
from monai.bundle import ConfigWorkflow
from monai.engines import SupervisedTrainer

from monai_medtex.data import write_synthetic_fundus
from monai_medtex.networks import BlockCNN
from monai_medtex.utils import save_tensors

TRAIN_JSON = Path(__file__).parents[1] / "bundles" / "medtex_fundus" / "configs" / "train.json"
TRAINING_HANDLERS = ("WeightsLoader", "EpochSeed", "LossTerms", "DistillationOutput")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--images", type=int, default=96, help="training images (a quarter as many validate)")
    parser.add_argument("--image_size", type=int, default=128, help="width and height in pixels")
    parser.add_argument("--batch_size", type=int, default=32)


def prepare(folder: Path, options: argparse.Namespace) -> dict:
    """Write data and teacher below ``folder``; return what overrides ``train.json``."""
    logging.disable()
    counts = {"training": options.images, "validation": max(options.images // 4, 2), "test": 2}
    data = write_synthetic_fundus(folder / "data", options.image_size, counts)
    torch.manual_seed(0)
    save_tensors(BlockCNN(2, 3, 2).state_dict(), folder / "teacher.pt")
    return {
        "dataset_dir": str(data),
        "output_dir": str(folder / "runs"),
        "teacher_ckpt": str(folder / "teacher.pt"),
        "image_size": options.image_size,
        "batch_size": options.batch_size,
        "epochs": 1_000_000,
    }


def open_bundle(overrides: dict, handlers: Collection[str] | None = None) -> ConfigWorkflow:
    """Open ``train.json``; if ``handlers`` are named, with these alone in the trainer."""
    bundle = ConfigWorkflow(str(TRAIN_JSON), workflow_type="train", logging_file=False, **overrides)
    if handlers is not None:
        wanted = [item for item in bundle.parser["train#handlers"] if _name(item) in handlers]
        bundle.parser["train#handlers"] = wanted
    bundle.initialize()
    return bundle


def _name(handler: dict | str) -> str:
    return handler["_target_"].rpartition(".")[2] if isinstance(handler, dict) else handler


def trainer_of(bundle: ConfigWorkflow) -> SupervisedTrainer:
    """Build the trainer, whose ``run()`` returns after one epoch, and goes on from there when it is called again."""
    trainer = bundle.parser.get_parsed_content("train#trainer")
    trainer.add_event_handler(Events.EPOCH_COMPLETED, trainer.interrupt)
    return trainer


def seconds(epoch: Callable[[], object], device: torch.device) -> tuple[float, float]:
    """Return the seconds by the clock, and those of the process's CPU time, which other processes disturb less."""
    start, cpu_start = time.perf_counter(), time.process_time()
    epoch()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start, time.process_time() - cpu_start
