# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import gc
import logging
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from monai.bundle import ConfigWorkflow
from monai.networks import eval_mode

from monai_medtex.networks import load_weights
from monai_medtex.reporting import complexity
from monai_medtex.utils import InputError, given_path, one_line

from .judge import Judge
from .judged_image import sample_images
from .plan import Task
from .progress import time_left
from .records import is_done, read_result, write_failure, write_record
from .workflow import finished_run, open_workflow

__all__ = ["Comparison"]

logger = logging.getLogger("monai_medtex")

FIGURED = 12  # images whose maps are kept for figures


@dataclass
class Comparison:
    """Trains what is missing, judges everything, and goes on where it was interrupted.

    Each task (a method with a share of the training images and a seed) runs the bundle with the method's override
    files, in this process, and leaves a record in its own folder. A task that fails leaves its reason, and the others
    go on.

    Attributes:
        folder: of the comparison.
        config_dir: of the bundle's config files.
        tasks: what to do, in this order.
        judge: of all methods.
        options: of every run, as on the command line.
        teacher_options: of the teachers' runs besides.
        run_options: of the methods' runs besides.
        epochs: passes over all the training images; with a fraction of them, as many steps.
        teacher_ckpt: a teacher for all seeds; None to train one for each seed.
    """

    folder: Path
    config_dir: Path
    tasks: Sequence[Task]
    judge: Judge
    options: Mapping[str, Any]
    teacher_options: Mapping[str, Any]
    run_options: Mapping[str, Any]
    epochs: int
    teacher_ckpt: str | None = None
    failed: dict[Task, str] = field(default_factory=dict)
    _teachers: dict[tuple[tuple[str, ...], int], Path | str] = field(default_factory=dict)

    def run(self) -> None:
        """Do every task that has no record yet."""
        seconds: dict[str, list[float]] = {}
        for number, task in enumerate(self.tasks, 1):
            folder = self.folder / task.folder
            if not is_done(folder):
                left = time_left(seconds, [later.method.name for later in self.tasks[number - 1 :]])
                logger.info("[%d/%d] %s%s", number, len(self.tasks), task, f", {left} left in all" if left else "")
                self._try(task, folder, f"[{number}/{len(self.tasks)}] {task}")
            if is_done(folder):
                seconds.setdefault(task.method.name, []).append(read_result(folder)["seconds"])

    def _try(self, task: Task, folder: Path, title: str) -> None:
        try:
            self._do(task, folder, title)
        except Exception as error:
            self.failed[task] = one_line(error)
            write_failure(folder, traceback.format_exc())
            logger.warning("%s failed: %s", task, self.failed[task])
        gc.collect()

    def _do(self, task: Task, folder: Path, title: str) -> None:
        teacher = self._teacher(task)
        started = time.perf_counter()
        run = finished_run(folder)
        workflow = self._workflow(task, folder, teacher, title)
        if task.method.trained and run is None:
            workflow.run()
            run = finished_run(folder)
        training_seconds = time.perf_counter() - started
        record = self._judge(task, workflow, teacher, run)
        record["result"] |= {"seconds": time.perf_counter() - started, "training_seconds": training_seconds}
        write_record(folder, **record)

    def _workflow(self, task: Task, folder: Path, teacher: Path, title: str) -> ConfigWorkflow:
        options = {**self.options, **self.run_options, "seed": task.seed, "teacher_ckpt": str(teacher)}
        if task.fraction is not None:
            options |= {"fraction": task.fraction, "epochs": max(1, round(self.epochs / task.fraction))}
        return open_workflow(
            self.config_dir,
            ["train.json", "compared.json", *task.method.configs],
            "training",
            output_dir=str(folder),
            resume=True,
            **{"epoch_log#title": title},
            **options,
        )

    def _judge(self, task: Task, workflow: ConfigWorkflow, teacher: Path, run: Path | None) -> dict[str, Any]:
        content = workflow.parser.get_parsed_content
        taught = content("teacher_network").to(self.judge.device, memory_format=torch.channels_last)
        load_weights(taught, teacher, "teacher_ckpt")
        result: dict[str, Any] = {}
        student = None
        if task.method.trained:
            student = content("deployable").to(self.judge.device, memory_format=torch.channels_last)
            load_weights(student, run / "model.pt", "run_dir")  # type: ignore[operator]
            result |= complexity(student, content("image_shape"))
        maps = {}
        with eval_mode(taught, *([student] if student else [])):
            rows = self.judge.answers(taught, student)
            if task.method.explains:
                started = time.perf_counter()
                maps = self.judge.maps(content("map").explain)
                result["explain_seconds"] = (time.perf_counter() - started) / max(1, len(maps))
                lesions, faithful = self.judge.against_lesions(maps), self.judge.against_teacher(maps, taught)
                rows = [{**row, **lesions.get(row["image"], {}), **faithful.get(row["image"], {})} for row in rows]
        about = {"method": task.method.name, "fraction": task.fraction, "seed": task.seed}
        shown = {image.name for image in sample_images(self.judge.explained, FIGURED)}
        return {
            "rows": [{**about, **row} for row in rows],
            "maps": {name: scores for name, scores in maps.items() if name in shown},
            "result": result,
        }

    def _teacher(self, task: Task) -> Path:
        """The weights of a task's teacher, which is trained if it is missing."""
        if self.teacher_ckpt and not task.method.teacher:
            return given_path(teacher_ckpt=self.teacher_ckpt)
        key = (task.method.teacher, task.seed)
        if key not in self._teachers:
            try:
                self._teachers[key] = self._trained_teacher(task)
            except Exception as error:
                # the error itself would keep the networks of its frames alive
                self._teachers[key] = f"its teacher failed: {one_line(error)}"
                raise
        found = self._teachers[key]
        if isinstance(found, str):
            raise InputError(found)
        return found

    def _trained_teacher(self, task: Task) -> Path:
        name = task.method.slug if task.method.teacher else "teacher"
        folder = self.folder / "teachers" / name / f"seed_{task.seed}"
        if finished_run(folder) is None:
            logger.info(
                "training the teacher of %s, seed %d",
                task.method.name if task.method.teacher else "all methods",
                task.seed,
            )
            open_workflow(
                self.config_dir,
                ["train.json", *task.method.teacher, "teacher.json"],
                "training",
                output_dir=str(folder),
                resume=True,
                seed=task.seed,
                **{"teacher_training#epoch_log#title": f"teacher, seed {task.seed}"},
                **self.options,
                **self.teacher_options,
            ).run()
        return finished_run(folder) / "model.pt"  # type: ignore[operator]
