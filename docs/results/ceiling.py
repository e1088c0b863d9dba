# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0
"""How well a map could do: a segmentation network that learns the training masks, judged as a map is.

``python ceiling.py TEACHER_CKPT SEED EPOCHS --dataset_dir ...`` (further options as those of ``training``).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch
from monai.bundle import ConfigParser
from monai.data import DataLoader, Dataset
from monai.losses import DiceCELoss
from monai.networks.nets import BasicUNet
from monai.transforms import Compose, EnsureTyped, RandAffined, RandFlipd, Transform
from monai.utils import set_determinism

from monai_medtex.metrics import hit, mass_accuracy, pixel_auprc, topk_iou
from monai_medtex.networks import load_weights

TRAIN = Path(__file__).parents[2] / "bundles/medtex_fundus/configs/train.json"
AUGMENT = (
    RandFlipd(["image", "mask"], prob=0.5, spatial_axis=0),
    RandFlipd(["image", "mask"], prob=0.5, spatial_axis=1),
    RandAffined(["image", "mask"], prob=0.8, rotate_range=0.3, scale_range=0.25, mode=("bilinear", "nearest")),
)


def opened(seed: int, options: list[str]) -> ConfigParser:
    """Read train.json with the options of a command line."""
    parser = ConfigParser()
    parser.read_config(TRAIN)
    parser["seed"] = seed
    for name, value in zip(options[::2], options[1::2], strict=True):
        given = type(parser[name.lstrip("-")] or value)
        parser[name.lstrip("-")] = given(value)
    return parser


def masked(parser: ConfigParser, entries: list[dict[str, Any]], *augment: Transform) -> Dataset:
    """Images that have a mask, at the network's size."""
    plain = EnsureTyped(["image", "mask"], track_meta=False)
    transform = Compose([*parser.get_parsed_content("load_image"), *augment, plain])
    return Dataset([entry for entry in entries if entry.get("mask")], transform)


def main(teacher_ckpt: str, seed: str, epochs: str, *options: str) -> None:
    """Train on the masks of the training images; judge on masked test images that the teacher calls abnormal."""
    parser = opened(int(seed), list(options))
    set_determinism(int(seed))
    data, test = parser.get_parsed_content("data"), parser.get_parsed_content("test#data")
    network = BasicUNet(2, parser["in_channels"], 1, (16, 16, 32, 64, 128, 16))
    loss, optimizer = DiceCELoss(sigmoid=True), torch.optim.Adam(network.parameters(), 1e-3)
    batches = DataLoader(masked(parser, data["training"], *AUGMENT), batch_size=8, shuffle=True, drop_last=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, int(epochs) * len(batches))
    for _ in range(int(epochs)):
        for batch in batches:
            optimizer.zero_grad()
            loss(network(batch["image"]), batch["mask"] > 0.5).backward()
            optimizer.step()
            schedule.step()
    network.eval()
    teacher = parser.get_parsed_content("teacher_network").eval()
    load_weights(teacher, teacher_ckpt, "teacher_ckpt")
    found: list[list[float]] = []
    with torch.no_grad():
        for item in DataLoader(masked(parser, test), batch_size=1):
            image, lesion = item["image"], item["mask"]
            if teacher(image).argmax(dim=1) == 0 or not (lesion > 0.5).any():
                continue
            scores = network(image).sigmoid()
            figures = (topk_iou(scores, lesion, range(1, 7)).mean(), hit(scores, lesion))
            found.append([float(f) for f in (*figures, mass_accuracy(scores, lesion), pixel_auprc(scores, lesion))])
    iou, pointing, mass, auprc = torch.tensor(found).mean(dim=0).tolist()
    print(f"{len(found)} images: IoU {iou:.3f}, hit rate {pointing:.3f}, mass {mass:.3f}, AUPRC {auprc:.3f}")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
