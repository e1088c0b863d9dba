# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import json
import logging
import multiprocessing
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from monai.data import load_decathlon_datalist
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from monai_medtex.data import synthetic, synthetic_fundus, write_synthetic_fundus
from monai_medtex.data.synthetic_fundus import draw_fundus
from monai_medtex.utils import InputError

SIZE = 64
SMALL = {"training": 4, "validation": 3, "test": 2}


@cache
def draw(seed: int, abnormal: bool, size: int = SIZE) -> tuple[np.ndarray, np.ndarray]:
    return draw_fundus(np.random.default_rng([20, seed]), size, abnormal)


def twins(count: int):
    """Signed images of the same eye with and without lesions, and the mask."""
    for seed in range(count):
        abnormal, mask = draw(seed, True)
        yield abnormal.astype(int), draw(seed, False)[0].astype(int), mask


def grown(mask: np.ndarray, by: int) -> np.ndarray:
    near = [(i, j) for i in range(-by, by + 1) for j in range(-by, by + 1)]
    return np.any([np.roll(mask, step, (0, 1)) for step in near], axis=0)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("size", [32, 75])
def test_draws_images_and_masks_of_the_size(size):
    for abnormal in (False, True):
        image, mask = draw_fundus(np.random.default_rng(0), size, abnormal)
        assert (image.dtype, image.shape) == (np.uint8, (size, size, 3))
        assert (mask.dtype, mask.shape) == (np.bool_, (size, size))


def test_same_random_state_draws_the_same_image_and_another_state_another():
    first, again, other = (draw_fundus(np.random.default_rng(seed), SIZE, True) for seed in (1, 1, 2))
    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1], again[1])
    assert np.abs(first[0].astype(int) - other[0]).mean() > 3


def test_normal_images_have_an_empty_mask():
    assert not any(draw(seed, False)[1].any() for seed in range(60))


def test_lesions_cover_between_half_a_percent_and_eight_percent():
    shares = [draw(seed, True)[1].mean() for seed in range(60)]
    assert min(shares) >= 0.005
    assert max(shares) <= 0.08
    assert max(shares) > 2 * min(shares)


def test_lesions_lie_in_the_field_of_view_and_not_always_in_one_place():
    centres = np.arange(SIZE) + 0.5 - SIZE / 2
    radius = np.hypot(*np.meshgrid(centres, centres))
    masks = []
    for _, normal, mask in twins(60):
        assert radius[mask].max() < SIZE / 2
        assert normal.max(-1)[mask].min() > 0  # outside the field of view all channels are 0
        masks.append(mask)
    assert np.mean(masks, axis=0).max() < 0.5


def test_lesions_at_the_margin_are_kept_in_the_smallest_field_of_view():
    rng = np.random.default_rng(0)
    eye = synthetic_fundus._eye(rng, SIZE)
    for centre in ((-0.9, 0.0), (0.0, 0.9), (0.7, -0.7)):
        alpha, mask = synthetic_fundus._lesions(rng, eye, np.array([centre]), np.array([0.3]), 0.03, 1.5)
        outside = (np.hypot(eye.x, eye.y) >= 1) | (np.abs(eye.y) >= 0.8)
        assert mask.sum() == round(0.03 * SIZE**2)
        assert alpha[outside].max() == 0
        assert np.all(alpha[mask] >= 0.5)


def test_corners_outside_the_field_of_view_are_black():
    for _, normal, _ in twins(20):
        assert normal[[0, 0, -1, -1], [0, -1, 0, -1]].max() == 0


def test_abnormal_image_differs_from_its_normal_twin_at_the_lesions_alone():
    for abnormal, normal, mask in twins(60):
        change = np.abs(abnormal - normal).max(-1)
        assert change[mask].mean() > 8
        assert (change[~grown(mask, 6)] > 0).mean() < 0.005  # the soft edge, and no more


def test_lesions_are_brighter_in_some_images_and_darker_in_others():
    against_twin, against_ring = [], []
    for abnormal, normal, mask in twins(60):
        green = abnormal[..., 1]
        ring = grown(mask, 4) & ~grown(mask, 2) & (normal.max(-1) > 0)
        against_twin.append((green - normal[..., 1])[mask].mean())
        against_ring.append(green[mask].mean() - green[ring].mean())
    for contrast in (np.array(against_twin), np.array(against_ring)):
        assert (contrast > 10).sum() >= 10
        assert (contrast < -10).sum() >= 10


def test_some_images_have_bright_and_dark_lesions():
    changes = [(abnormal - normal)[..., 1][mask] for abnormal, normal, mask in twins(60)]
    assert sum((change > 10).mean() > 0.1 and (change < -10).mean() > 0.1 for change in changes) >= 5


def test_mean_colour_does_not_tell_normal_from_abnormal():
    labels = np.arange(300) % 2
    colours = [draw(seed, label == 1)[0].mean((0, 1)) for seed, label in enumerate(labels)]
    classifier = make_pipeline(StandardScaler(), LogisticRegression())
    accuracy = cross_val_score(classifier, colours, labels, cv=10).mean()
    assert accuracy < 0.65, accuracy


def test_writes_a_datalist_that_monai_reads(tmp_path):
    folder = write_synthetic_fundus(tmp_path, 32, SMALL, seed=3)
    assert folder == tmp_path / "fundus_32_4-3-2_seed3"
    datalist = json.loads((folder / "datalist.json").read_text())
    assert [len(datalist[section]) for section in ("training", "validation", "test")] == [4, 3, 2]
    assert [[item["label"] for item in items] for items in datalist.values()] == [[0, 1, 0, 1], [0, 1, 0], [0, 1]]
    listed = [item[key] for items in datalist.values() for item in items for key in ("image", "mask")]
    assert sorted(contents(folder)) == sorted([*listed, "datalist.json"])
    for item in load_decathlon_datalist(str(folder / "datalist.json"), data_list_key="training"):
        image, mask = Image.open(item["image"]), Image.open(folder / item["mask"])
        assert (image.mode, image.size, mask.mode, mask.size) == ("RGB", (32, 32), "L", (32, 32))
        values = set(np.unique(np.asarray(mask)).tolist())
        assert values == ({0, 255} if item["label"] else {0})


def test_same_seed_writes_the_same_bytes_and_another_seed_other_images(tmp_path):
    first, again = (contents(write_synthetic_fundus(tmp_path / name, 32, SMALL, seed=0)) for name in "ab")
    other = contents(write_synthetic_fundus(tmp_path, 32, SMALL, seed=1))
    assert first == again
    assert all(first[name] != other[name] for name in first if name.startswith("images"))
    assert len({first[name] for name in first if name.startswith("images")}) == 9


def test_an_image_does_not_depend_on_the_counts(tmp_path):
    more = contents(write_synthetic_fundus(tmp_path, 32, {"training": 6, "validation": 5, "test": 4}))
    fewer = contents(write_synthetic_fundus(tmp_path, 32, SMALL))
    fewer.pop("datalist.json")
    assert len(fewer) == 18
    assert fewer.items() <= more.items()


def test_default_counts_are_immutable():
    assert dict(synthetic.SYNTHETIC_COUNTS) == {"training": 400, "validation": 80, "test": 120}
    with pytest.raises(TypeError):
        synthetic.SYNTHETIC_COUNTS["test"] = 2


def test_logs_one_line_and_returns_a_complete_folder_at_once(tmp_path, monkeypatch, caplog):
    caplog.set_level(logging.INFO, "monai_medtex")
    folder = write_synthetic_fundus(tmp_path, 32, SMALL)
    assert len(caplog.records) == 1
    assert "9 synthetic" in caplog.text
    assert str(folder) in caplog.text
    monkeypatch.setattr(synthetic, "draw_fundus", None)
    assert write_synthetic_fundus(tmp_path, 32, SMALL) == folder
    assert len(caplog.records) == 1


def test_a_folder_with_missing_files_is_refused(tmp_path):
    folder = write_synthetic_fundus(tmp_path, 32, SMALL)
    (folder / "masks" / "test_0001.png").unlink()
    with pytest.raises(InputError, match="fundus_32_4-3-2_seed0 is incomplete"):
        write_synthetic_fundus(tmp_path, 32, SMALL)


def test_an_interrupted_write_leaves_nothing_behind(tmp_path, monkeypatch):
    drawn = []

    def interrupted(rng, size, abnormal):
        drawn.append(len(contents(tmp_path)))
        if len(drawn) == 4:
            raise KeyboardInterrupt
        return draw_fundus(rng, size, abnormal)

    monkeypatch.setattr(synthetic, "draw_fundus", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_synthetic_fundus(tmp_path, 32, SMALL)
    assert drawn == [0, 2, 4, 6]
    assert list(tmp_path.iterdir()) == []


def _write_together(barrier, root, answers):
    drawing = synthetic._draw_all

    def draw_all_at_once(*arguments):
        barrier.wait(60)
        drawing(*arguments)
        barrier.wait(60)

    synthetic._draw_all = draw_all_at_once
    answers.put(write_synthetic_fundus(root, 32, SMALL))


def test_two_processes_at_once_leave_one_complete_folder(tmp_path):
    context = multiprocessing.get_context("fork")
    barrier, answers = context.Barrier(2), context.Queue()
    processes = [context.Process(target=_write_together, args=(barrier, tmp_path, answers)) for _ in range(2)]
    for process in processes:
        process.start()
    folders = [answers.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    assert folders == [tmp_path / "fundus_32_4-3-2_seed0"] * 2
    assert list(tmp_path.iterdir()) == folders[:1]
    alone = write_synthetic_fundus(tmp_path / "alone", 32, SMALL)
    assert contents(folders[0]) == contents(alone)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 31}, "size must be a whole number of at least 32, got 31"),
        ({"size": 64.0}, "size must be a whole number of at least 32, got 64.0"),
        ({"seed": -1}, "seed must be a whole number of at least 0, got -1"),
        ({"counts": {**SMALL, "test": 1}}, r"counts\['test'\] must be a whole number of at least 2, got 1"),
        ({"counts": {"training": 4, "tset": 4}}, "counts must have the keys training, .* got training, tset"),
        ({"counts": {}}, "got none"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(tmp_path, arguments, message):
    with pytest.raises(InputError, match=message):
        write_synthetic_fundus(tmp_path, **arguments)
    assert list(tmp_path.iterdir()) == []
