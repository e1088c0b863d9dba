# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0
"""MED-TEX's training as one would write it by hand in PyTorch, without engine, handlers, hooks and checks."""

from __future__ import annotations

import torch
from monai.bundle import ConfigWorkflow
from torch import nn


def tapped(network: nn.Sequential, x: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Return the logits, and the output of each block."""
    maps = []
    for name, layer in network.named_children():
        x = layer(x)
        if name.startswith("block"):
            maps.append(x)
    return x, maps


class PlainLoop:
    """Train the networks of a bundle, with its optimizer, on its batches."""

    def __init__(self, bundle: ConfigWorkflow) -> None:
        content = bundle.parser.get_parsed_content
        self.device: torch.device = content("device")
        self.amp: bool = content("amp")
        self.lambda_vid: float = content("lambda_vid")
        self.batches = content("train#dataloader")
        self.teacher = content("teacher_network").eval()
        self.network = content("network")
        self.optimizer = content("optimizer")

    def loss(self, images: torch.Tensor) -> torch.Tensor:
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.amp):
            with torch.no_grad():
                teacher_logits, teacher_maps = tapped(self.teacher, images)
            logits, maps = tapped(self.network.student, self.network.explainer(images) * images)
            gaussians = [head(features) for head, features in zip(self.network.heads, maps, strict=True)]
        loss = -(teacher_logits.float().softmax(1) * logits.float().log_softmax(1)).sum(1).mean()
        for (mean, variance), target in zip(gaussians, teacher_maps, strict=True):
            squared = (target.float() - mean.float()).square().mean((0, 2, 3))
            loss = loss + self.lambda_vid * (variance.log() / 2 + squared / (2 * variance)).mean()
        return loss

    def images(self, batch: dict) -> torch.Tensor:
        return batch["image"].as_tensor().to(self.device, memory_format=torch.channels_last)

    def epoch(self) -> float:
        """Train for one epoch; return the mean loss."""
        self.network.train()
        total = torch.zeros((), device=self.device)
        for batch in self.batches:
            self.optimizer.zero_grad()
            loss = self.loss(self.images(batch))
            loss.backward()
            self.optimizer.step()
            total += loss.detach()
        return total.item() / len(self.batches)
