# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import torch

from monai_medtex.networks import BlockCNN
from monai_medtex.trust import read_from_maps

CLASSES = torch.arange(40) % 2


def maps(by_class: float, seed: int) -> torch.Tensor:
    noise = torch.rand(40, 1, 16, 16, generator=torch.Generator().manual_seed(seed))
    return (0.9 + 0.01 * (noise + by_class * CLASSES.view(-1, 1, 1, 1))).half()


def told(by_class: float) -> float:
    torch.manual_seed(0)
    network = BlockCNN(2, 1, 2, (4, 8))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    answers = read_from_maps(network, (maps(by_class, 0), CLASSES), maps(by_class, 1), epochs=10)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    return float((answers == CLASSES).float().mean())


def test_a_level_that_depends_on_the_class_is_read_however_small_it_is():
    assert told(by_class=1.0) > 0.9


def test_nothing_is_read_from_noise():
    assert 0.2 < told(by_class=0.0) < 0.8
