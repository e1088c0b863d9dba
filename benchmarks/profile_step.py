# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0
"""Where the time of the bundle's training goes: shares of the parts of a step, and of PyTorch's operations.

The trainer is the one that ``train.json`` builds, with the handlers that training needs. Its first epoch, which fills
the cache, is not profiled. On a GPU each part waits for the device, so that it is charged with what it started, and
operations are ranked by the device's time.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from bundle_parts import TRAINING_HANDLERS, add_arguments, open_bundle, prepare, trainer_of
from ignite.engine import Events
from monai.engines import IterationEvents, SupervisedTrainer
from torch import nn
from torch.autograd.profiler_util import FunctionEventAvg
from torch.profiler import ProfilerActivity, profile, record_function

PART = "part: "
WHOLE = "whole epoch"


def boundaries(name: str) -> tuple[Callable[..., None], Callable[..., None]]:
    """Return what starts and what ends a part's range in the profile; they fit hooks of any kind."""
    running: list[record_function] = []

    def start(*_: object) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        running.append(record_function(PART + name).__enter__())

    def stop(*_: object) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        running.pop().__exit__(None, None, None)

    return start, stop


def mark_module(module: nn.Module, name: str) -> None:
    start, stop = boundaries(name)
    module.register_forward_pre_hook(start)
    module.register_forward_hook(stop)


def mark_parts(trainer: SupervisedTrainer) -> None:
    mark_module(trainer.inferer.teacher.network, "teacher, forward")
    mark_module(trainer.network.explainer, "explainer, forward")
    mark_module(trainer.network.student, "student, forward")
    for head in trainer.network.heads:
        mark_module(head, "VID heads, forward")
    mark_module(trainer.loss_function, "losses, forward")
    for name, started, completed in (
        ("loading and augmentation", Events.GET_BATCH_STARTED, Events.GET_BATCH_COMPLETED),
        ("backward", IterationEvents.LOSS_COMPLETED, IterationEvents.BACKWARD_COMPLETED),
    ):
        start, stop = boundaries(name)
        trainer.add_event_handler(started, start)
        trainer.add_event_handler(completed, stop)
    start, stop = boundaries("optimizer")
    trainer.optimizer.register_step_pre_hook(start)
    trainer.optimizer.register_step_post_hook(stop)


def print_shares(title: str, times: dict[str, float], whole: float, top: int) -> None:
    print(title)
    for name, time in sorted(times.items(), key=lambda item: -item[1])[:top]:
        print(f"  {time / whole:6.1%}  {name}")


def self_time(event: FunctionEventAvg) -> float:
    return event.self_device_time_total if torch.cuda.is_available() else event.self_cpu_time_total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    parser.add_argument("--top", type=int, default=3, help="operations to name")
    options = parser.parse_args()
    activities = [ProfilerActivity.CPU] + [ProfilerActivity.CUDA] * torch.cuda.is_available()
    with tempfile.TemporaryDirectory() as folder:
        trainer = trainer_of(open_bundle(prepare(Path(folder), options), TRAINING_HANDLERS))
        trainer.run()
        mark_parts(trainer)
        with profile(activities=activities) as profiler, record_function(PART + WHOLE):
            trainer.run()
    events = profiler.key_averages()
    parts = {event.key.removeprefix(PART): event.cpu_time_total for event in events if event.key.startswith(PART)}
    whole = parts.pop(WHOLE)
    parts["engine, handlers, everything else"] = whole - sum(parts.values())
    operations = {event.key: self_time(event) for event in events if not event.key.startswith(PART)}
    print_shares(f"{trainer.state.device}, {whole / 1000 / options.images:.1f} ms per image; parts", parts, whole, 99)
    print_shares("operations", operations, sum(operations.values()), options.top)


if __name__ == "__main__":
    main()
