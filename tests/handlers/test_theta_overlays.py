# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.utils.tensorboard import SummaryWriter

from monai_medtex.handlers import ThetaOverlays

WIDTH, HEIGHT = 16, 8  # 128 pixels: the paper's k = 3 marks 6 of them
YELLOW, BLUE = (255, 229, 0), (0, 204, 255)


def events(folder) -> dict[str, list[tuple[int, np.ndarray]]]:
    """Steps and pixels of each image in the event file."""
    accumulator = EventAccumulator(str(folder), size_guidance={"images": 0})
    accumulator.Reload()
    return {
        tag: [
            (event.step, np.array(Image.open(io.BytesIO(event.encoded_image_string))).astype(int))
            for event in accumulator.Images(tag)
        ]
        for tag in accumulator.Tags()["images"]
    }


def marked(given, with_lesion: bool = True) -> dict:
    """Theta is 1 at six pixels of the column x = 3; the lesion, if there is one, is the pixel x = 9, y = 1."""
    theta, lesion = torch.full((1, WIDTH, HEIGHT), 0.25), torch.zeros(1, WIDTH, HEIGHT)
    theta[0, 3, :6] = 1
    lesion[0, 9, 1] = float(with_lesion)
    return given((WIDTH, HEIGHT), image=torch.full((3, WIDTH, HEIGHT), 0.5), theta=theta, mask=lesion)


@pytest.mark.parametrize("with_lesion", [True, False])
def test_the_event_file_shows_image_theta_and_contours(tmp_path, evaluate, given, with_lesion):
    with SummaryWriter(str(tmp_path)) as writer:
        evaluate([marked(given, with_lesion)], [ThetaOverlays(writer)])
    ((step, pixels),) = events(tmp_path)["theta/0"]
    assert step == 1
    assert pixels.shape == (HEIGHT, 3 * WIDTH, 3)
    image, theta, outlined = np.split(pixels, 3, axis=1)
    assert np.allclose(image, 127.5, atol=1)
    bright = [[y, 3] for y in range(6)]
    assert np.argwhere((theta == 255).all(axis=2)).tolist() == bright
    assert np.allclose(theta[theta != 255], 0.25 * 255, atol=1)
    yellow, blue = (np.isclose(outlined, colour, atol=1).all(axis=2) for colour in (YELLOW, BLUE))
    assert np.argwhere(yellow).tolist() == bright
    assert np.argwhere(blue).tolist() == ([[1, 9]] if with_lesion else [])


def test_a_flat_theta_has_no_top_k(tmp_path, evaluate, given):
    flat = given((WIDTH, HEIGHT), theta=torch.full((1, WIDTH, HEIGHT), 0.5), mask=torch.zeros(1, WIDTH, HEIGHT))
    with SummaryWriter(str(tmp_path)) as writer:
        evaluate([flat], [ThetaOverlays(writer)])
    ((_, pixels),) = events(tmp_path)["theta/0"]
    assert not np.isclose(pixels, YELLOW, atol=1).all(axis=2).any()


def test_the_first_images_are_shown_over_batches_and_epochs(tmp_path, evaluate, given):
    with SummaryWriter(str(tmp_path)) as writer:
        items = [given(image=torch.full((1, 8, 8), number / 8), channels=1) for number in range(5)]
        evaluate(items, [ThetaOverlays(writer, images=3)], batch_size=2, epochs=2)
    found = events(tmp_path)
    assert sorted(found) == ["theta/0", "theta/1", "theta/2"]
    for number, tag in enumerate(sorted(found)):
        assert [step for step, _ in found[tag]] == [1, 2]
        assert all(np.allclose(pixels[:, :8], number / 8 * 255, atol=1) for _, pixels in found[tag])


def test_every_epoch_shows_its_own_theta(tmp_path, evaluate, given):
    class Fade:
        def attach(self, engine) -> None:
            engine.add_event_handler(
                "ITERATION_COMPLETED", lambda: engine.state.output["theta"].div_(engine.state.epoch)
            )

    with SummaryWriter(str(tmp_path)) as writer:
        evaluate([given(theta=torch.ones(1, 8, 8))], [Fade(), ThetaOverlays(writer)], epochs=2)
    first, second = (pixels[:, 8:16] for _, pixels in events(tmp_path)["theta/0"])
    assert (first == 255).all()
    assert np.allclose(second, 127.5, atol=1)


def test_k_sets_how_many_pixels_are_marked(tmp_path, evaluate, given):
    with SummaryWriter(str(tmp_path)) as writer:
        evaluate([marked(given)], [ThetaOverlays(writer, k=1)])
    ((_, pixels),) = events(tmp_path)["theta/0"]
    assert np.isclose(pixels[:, 2 * WIDTH :], YELLOW, atol=1).all(axis=2).sum() == 2


def test_fewer_images_than_wanted(tmp_path, evaluate, given):
    with SummaryWriter(str(tmp_path)) as writer:
        evaluate([given()], [ThetaOverlays(writer, images=4)])
    assert list(events(tmp_path)) == ["theta/0"]
