# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch

from monai_medtex.networks import RandomSymmetry


@pytest.mark.parametrize(
    ("size", "symmetries"),
    [((3, 3), 7), ((2, 3), 3), ((3, 3, 3), 7)],
    ids=["square", "oblong", "volume"],
)
def test_a_map_that_does_not_look_at_the_image_comes_back_in_every_other_orientation(size, symmetries):
    """A square has eight symmetries, an oblong four, mirrors along three axes make eight; one each is the identity."""
    fixed = torch.arange(torch.Size(size).numel(), dtype=torch.float32).view(1, 1, *size)
    view, images = RandomSymmetry(), torch.zeros(1, 3, *size)
    torch.manual_seed(0)
    seen = {tuple(view(lambda _: fixed, images).flatten().tolist()) for _ in range(200)}
    assert len(seen) == symmetries
    assert tuple(fixed.flatten().tolist()) not in seen
    assert all(sorted(order) == fixed.flatten().tolist() for order in seen)


@pytest.mark.parametrize("size", [(4, 4), (4, 6), (4, 4, 6)])
def test_an_explainer_that_turns_with_the_image_gives_what_it_gave(size):
    images = torch.rand(2, 1, *size)
    for _ in range(20):
        assert torch.equal(RandomSymmetry()(torch.square, images), images.square())


def test_no_gradient_flows_through_the_other_view():
    weight = torch.ones(1, requires_grad=True)
    assert not RandomSymmetry()(lambda images: weight * images, torch.rand(1, 1, 4, 4)).requires_grad
