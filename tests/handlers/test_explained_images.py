# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import logging
import random
from collections import Counter

import pytest
import torch
from PIL import Image

from monai_medtex.handlers import ExplainedImages, explained_images

NAMES = ["normal", "abnormal"]


@pytest.fixture
def answered(given):
    """Make a numbered image by the teacher's answer and whether it has a lesion; its number is its value."""

    def make(number: int, answer: int, with_lesion: bool, label: int = -1) -> dict:
        logits = torch.tensor([0.0, 4.0]) if answer else torch.tensor([4.0, 0.0])
        image, mask = torch.full((1, 8, 8), number / 100), torch.full((1, 8, 8), float(with_lesion))
        return given(image=image, mask=mask, label=label, teacher_logits=logits)

    return make


@pytest.fixture
def drawn(monkeypatch, evaluate, tmp_path):
    """Evaluate images and return the numbers of those in the figure, for each evaluation."""

    def run(items, per_group=2, epochs=1, batch_size=2) -> list[list[int]]:
        figures = []
        monkeypatch.setattr(explained_images, "explained_figure", lambda samples, *_, **__: Figure(samples, figures))
        evaluate(items, [ExplainedImages(tmp_path / "f.png", NAMES, per_group)], epochs=epochs, batch_size=batch_size)
        return figures

    return run


class Figure:
    def __init__(self, samples, figures) -> None:
        figures.append([round(sample.image.mean().item() * 100) for sample in samples])

    def savefig(self, path, dpi) -> None:
        path.touch()


@pytest.mark.skipif(not explained_images.has_matplotlib, reason="needs matplotlib")
def test_the_figure_is_a_png(tmp_path, evaluate, answered):
    items = [answered(1, 1, True, 1), answered(2, 0, False, 0), answered(3, 1, False)]
    evaluate(items, [ExplainedImages(tmp_path / "new" / "explained.png", NAMES)])
    with Image.open(tmp_path / "new" / "explained.png") as figure:
        assert figure.format == "PNG"
        assert figure.width > figure.height / 2
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["explained.png"]


def test_without_matplotlib_the_log_says_so(tmp_path, evaluate, answered, monkeypatch, caplog):
    monkeypatch.setattr(explained_images, "has_matplotlib", False)
    with caplog.at_level(logging.INFO, "monai_medtex"):
        evaluate([answered(1, 1, True)], [ExplainedImages(tmp_path / "explained.png", NAMES)])
    assert "the figure explained.png is left out: pip install matplotlib" in caplog.messages
    assert list(tmp_path.iterdir()) == []


def test_there_are_images_of_each_answer_with_and_without_lesion(drawn, answered):
    kinds = [(1, True), (1, False), (0, True), (0, False)]
    items = [answered(10 * number + group, *kind) for number in range(3) for group, kind in enumerate(kinds)]
    (numbers,) = drawn(items)
    assert [number % 10 for number in numbers] == [0, 0, 1, 1, 2, 2, 3, 3]
    assert len(set(numbers)) == 8


def test_a_small_group_is_shown_whole(drawn, answered):
    items = [answered(1, 1, True), *(answered(number, 0, False) for number in range(2, 9))]
    (numbers,) = drawn(items, per_group=3)
    assert numbers[0] == 1
    assert len(numbers) == 4


def test_the_same_images_are_drawn_again(drawn, answered):
    items = [answered(number, 1, True) for number in range(20)]
    first, second = drawn(items, epochs=2)
    assert first == second
    assert drawn(items, batch_size=5) == [first]


def test_every_image_of_a_group_has_the_same_chance(drawn, answered, monkeypatch):
    items, counts, runs = [answered(number, 1, True) for number in range(5)], Counter(), 300
    seeds, generator = iter(range(10_000)), random.Random
    monkeypatch.setattr(explained_images.random, "Random", lambda _: generator(next(seeds)))
    for numbers in drawn(items, epochs=runs, batch_size=5):
        counts.update(numbers)
    deviation = (runs * 2 / 5 * 3 / 5) ** 0.5
    assert all(abs(counts[number] - runs * 2 / 5) < 4 * deviation for number in range(5))


def test_what_a_figure_needs_to_know_of_an_image(evaluate, given, monkeypatch, tmp_path):
    found = []
    monkeypatch.setattr(
        explained_images,
        "explained_figure",
        lambda samples, *_, **__: Figure(found.extend(samples) or samples, []),
    )
    item = given(label=0, teacher_logits=torch.tensor([1.0, 1.0]), logits=torch.tensor([0.0, torch.inf]))
    item["mask"][0, 3, 1] = 1
    evaluate([item], [ExplainedImages(tmp_path / "f.png", NAMES)])
    (sample,) = found
    for name, key in (("image", "image"), ("theta", "theta"), ("lesion", "mask")):
        assert torch.equal(getattr(sample, name), item[key])
    assert sample.teacher.tolist() == [0.5, 0.5]
    assert sample.label == 0
