# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from ignite.engine import Engine, Events
from monai.data import CacheDataset, DataLoader, Dataset
from monai.transforms import Compose, RandFlipd, RandGaussianNoised

from monai_medtex.handlers import EpochSeed


def draws(seed: int, first: int, epochs: int = 3, workers: int = 0, cached: bool = False) -> list[dict]:
    """What is drawn at random in every epoch of a run that starts with epoch ``first``."""
    transform = Compose([RandFlipd("image", prob=0.5, spatial_axis=0), RandGaussianNoised("image", prob=0.5)])
    items = [{"image": torch.arange(4.0).view(1, 4) + 10 * number, "number": number} for number in range(8)]
    dataset = CacheDataset(items, transform, progress=False) if cached else Dataset(items, transform)
    loader = DataLoader(dataset, batch_size=3, shuffle=True, num_workers=workers)
    seen: list[dict] = []

    def step(engine: Engine, batch: dict) -> None:
        values = [torch.rand(1).item(), np.random.rand(), random.random()]  # noqa: NPY002
        seen[-1]["order"] += batch["number"].tolist()
        seen[-1]["images"].append(batch["image"].clone())
        seen[-1]["values"] += values

    engine = Engine(step)
    engine.add_event_handler(Events.STARTED, lambda: setattr(engine.state, "epoch", first - 1))
    engine.add_event_handler(Events.EPOCH_STARTED, lambda: seen.append({"order": [], "images": [], "values": []}))
    EpochSeed(seed, loader).attach(engine)
    engine.run(loader, max_epochs=epochs)
    for epoch in seen:
        epoch["images"] = torch.cat(epoch["images"]).tolist()
    return seen


@pytest.fixture(autouse=True)
def keep_random_state():
    """EpochSeed makes torch deterministic, for the whole process."""
    state = torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark
    yield
    torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = state


@pytest.mark.parametrize(("workers", "cached"), [(0, False), (0, True), (1, False)])
def test_an_epoch_is_the_same_whatever_ran_before(workers, cached):
    in_one_go = draws(0, first=1, workers=workers, cached=cached)
    torch.rand(5), np.random.rand(5), random.random()  # noqa: NPY002
    assert draws(0, first=3, workers=workers, cached=cached) == in_one_go[2:]
    assert draws(0, first=2, workers=workers, cached=cached) == in_one_go[1:]


@pytest.mark.parametrize("workers", [0, 1])
def test_every_epoch_and_every_seed_draws_its_own(workers):
    epochs = [*draws(0, first=1, workers=workers), *draws(1, first=1, workers=workers)]
    for what in ("order", "images", "values"):
        assert len({str(epoch[what]) for epoch in epochs}) == 6
    assert all(sorted(epoch["order"]) == list(range(8)) for epoch in epochs)
    flipped = {image[0][0] > image[0][-1] for epoch in epochs for image in epoch["images"]}
    assert flipped == {True, False}


def test_neighbouring_seeds_share_no_epoch():
    """Epoch e + 1 of one seed is not epoch e of the next."""
    loader, seeds = DataLoader(Dataset([0])), []
    for seed in range(4):
        engine = Engine(lambda engine, batch: None)
        EpochSeed(seed, loader).attach(engine)
        engine.add_event_handler(Events.EPOCH_STARTED, lambda: seeds.append(torch.initial_seed()))
        engine.run([0], max_epochs=10)
    assert len(set(seeds)) == 4 * 10
