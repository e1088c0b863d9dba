# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import torch
from ignite.engine import Events
from monai.engines import Workflow

from monai_medtex.data.dicom_reader import frame_of, is_dicom, read_dicom
from monai_medtex.metrics import evident_topk, topk_pixels
from monai_medtex.utils import atomic_write, name_inside

from .dicom_objects import DicomSeries, check_highdicom, derivable, highdicom, parametric_map, segmentation

__all__ = ["DicomFiles"]

logger = logging.getLogger("monai_medtex")


class DicomFiles:
    """Write theta as a DICOM Parametric Map, and its top K as a Segmentation, for each image that came as DICOM.

    Both refer to the image, and keep its patient and study; one series of each is made for a series of images. What is
    no DICOM image, or one frame of several, gets none, and theta without evidence no Segmentation, see
    :func:`~monai_medtex.metrics.evident_topk`.

    Args:
        folder: where to; the images' folders below ``root`` are kept.
        root: folder that holds the images, or the list of them in that folder.
        k: the paper's k: the Segmentation holds at most k / 64 of the pixels.

    Raises:
        InputError: When highdicom is missing, or ``k`` is not in 1..64.
    """

    def __init__(self, folder: str | os.PathLike, root: str | os.PathLike, k: int = 3) -> None:
        check_highdicom()
        topk_pixels((64, 64), k)
        self.folder = Path(folder)
        self.root = root
        self.k = k
        self._series: dict[tuple[str, str], DicomSeries] = {}
        self._left_out = self._flat = 0

    def attach(self, engine: Workflow) -> None:
        """Write after every iteration."""
        engine.add_event_handler(Events.ITERATION_COMPLETED, self)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self.report)

    def __call__(self, engine: Workflow) -> None:
        """Write the objects of a decollated batch, whose theta has the image's own size."""
        for item, output in zip(engine.state.batch, engine.state.output, strict=True):
            if not is_dicom(item["path"]) or frame_of(item["path"])[1] is not None:
                self._left_out += 1
                continue
            self._write(item["path"], torch.as_tensor(output["theta"]))

    def report(self, engine: Workflow) -> None:  # noqa: ARG002
        """Say how many images got no DICOM object, or the map alone."""
        if self._left_out:
            logger.info("no DICOM is written for %d images: only for DICOM files of one frame", self._left_out)
        if self._flat:
            logger.info(
                "no Segmentation is written for %d images: no top K stands out from the rest of theta", self._flat
            )
        self._left_out = self._flat = 0

    def _write(self, path: str, theta: torch.Tensor) -> None:
        scores = theta.clamp(0, 1).transpose(1, 2).contiguous()  # channel, row, column
        selected = evident_topk(scores[None], topk_pixels(scores.shape[1:], self.k))[0, 0]
        objects = [("theta", parametric_map, scores[0]), ("topk", segmentation, selected)]
        if not selected.any():
            objects.pop()
            self._flat += 1
        made = {}
        try:
            for name, make, pixels in objects:
                source = derivable(read_dicom(path, stop_before_pixels=True))
                made[name] = make(source, pixels, self._next(source, name))
        except (AttributeError, TypeError, ValueError) as error:
            logger.warning("%s: no DICOM can be derived from it: %s", path, " ".join(str(error).split()))
            return
        file = name_inside(path, self.root)
        for name, content in made.items():
            with atomic_write(self.folder / file.parent / f"{file.stem}_{name}.dcm") as temporary:
                content.save_as(temporary)

    def _next(self, source: Any, name: str) -> DicomSeries:  # noqa: ANN401
        """Number the next object of a series."""
        key = (str(source.get("SeriesInstanceUID")), name)
        number = int(source.get("SeriesNumber") or 0) * 100 + (1 if name == "theta" else 2)
        uid, _, instance = self._series.get(key) or DicomSeries(str(highdicom.UID()), number, 0)
        self._series[key] = DicomSeries(uid, number, instance + 1)
        return self._series[key]
