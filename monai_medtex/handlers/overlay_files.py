# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import os
from pathlib import Path

import torch
from ignite.engine import Events
from monai.engines import Workflow
from monai.transforms import LoadImage, ScaleIntensity
from PIL import Image

from monai_medtex.data import PlainPILReader
from monai_medtex.reporting import heat_overlay
from monai_medtex.utils import atomic_write, name_inside

__all__ = ["OverlayFiles"]


class OverlayFiles:
    """Write a PNG for each 2-D image: the image in its own resolution, tinted by theta on the fixed scale from 0 to 1.

    Args:
        folder: where to; the images' folders below ``root`` are kept.
        root: folder that holds the images, or the list of them in that folder.
    """

    def __init__(self, folder: str | os.PathLike, root: str | os.PathLike) -> None:
        self.folder = Path(folder)
        self.root = root
        self._load = LoadImage(image_only=True, ensure_channel_first=True)
        self._load.register(PlainPILReader())

    def attach(self, engine: Workflow) -> None:
        """Write after every iteration."""
        engine.add_event_handler(Events.ITERATION_COMPLETED, self)

    def __call__(self, engine: Workflow) -> None:
        """Write the images of a decollated batch, whose theta has the image's own size."""
        for item, output in zip(engine.state.batch, engine.state.output, strict=True):
            image = self._in_unit_range(torch.as_tensor(self._load(item["path"])).float())
            overlay = heat_overlay(image, torch.as_tensor(output["theta"]).cpu())
            file = name_inside(item["path"], self.root)
            name = file.name.removesuffix(".gz").rsplit(".", 1)[0]
            with atomic_write(self.folder / file.parent / f"{name}_overlay.png") as temporary:
                pixels = (overlay.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).contiguous()
                Image.fromarray(pixels.numpy()).save(temporary)

    @staticmethod
    def _in_unit_range(image: torch.Tensor) -> torch.Tensor:
        """Divide an 8-bit image by 255; stretch any other from its minimum to its maximum."""
        return image / 255 if 1 < image.max() <= 255 else torch.as_tensor(ScaleIntensity()(image))
