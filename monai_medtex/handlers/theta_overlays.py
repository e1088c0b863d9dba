# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import torch
from ignite.engine import Events
from monai.engines import Workflow
from monai.utils import CommonKeys
from torch.utils.tensorboard import SummaryWriter

from monai_medtex.metrics import evident_topk, topk_pixels
from monai_medtex.reporting.overlay import explained_strip
from monai_medtex.reporting.shown_plane import shown_plane

__all__ = ["ThetaOverlays"]


class ThetaOverlays:
    """Show the first images of a validation in TensorBoard: image, theta, and contours of the top K and the lesion.

    Of volumes one slice is shown. There is no contour of the top K where none stands out from the rest of theta.

    Args:
        writer: of TensorBoard.
        images: how many to show.
        k: pixels in the contour of the top K, as a multiple of 1/64 of the image (the paper's k).
    """

    def __init__(self, writer: SummaryWriter, images: int = 4, k: int = 3) -> None:
        self.writer = writer
        self.images = images
        self.k = k
        self._strips: list[torch.Tensor] = []

    def attach(self, engine: Workflow) -> None:
        """Draw while the evaluator iterates, write when it is done."""
        engine.add_event_handler(Events.EPOCH_STARTED, lambda _: self._strips.clear())
        engine.add_event_handler(Events.ITERATION_COMPLETED, self.draw)
        engine.add_event_handler(Events.EPOCH_COMPLETED, self.write)

    def draw(self, engine: Workflow) -> None:
        """Draw images until there are enough."""
        output = engine.state.output
        wanted = self.images - len(self._strips)
        if wanted <= 0:
            return
        shown = (output[key][:wanted].cpu() for key in (CommonKeys.IMAGE, "theta", "lesion"))
        for image, theta, mask in map(shown_plane, *shown):
            top = evident_topk(theta[None], topk_pixels(theta.shape[1:], self.k))[0]
            lesion = mask > 0.5
            self._strips.append(explained_strip(image, theta, top, lesion if lesion.any() else None))

    def write(self, engine: Workflow) -> None:
        """Write one row per image."""
        for number, strip in enumerate(self._strips):
            self.writer.add_image(f"theta/{number}", strip, engine.state.epoch)
        self.writer.flush()
