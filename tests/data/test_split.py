# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pytest

from monai_medtex.data import split, take_fraction
from monai_medtex.utils import InputError


def images(*counts: int, first: int = 0) -> list[dict]:
    """So many images of each class, classes interleaved."""
    labels = np.random.RandomState(7).permutation(np.repeat(np.arange(len(counts)) + first, counts))
    return [{"image": f"{index}.png", "label": int(label)} for index, label in enumerate(labels)]


def of_patients() -> list[dict]:
    """60 patients with 1 to 5 images; the images of one patient lie apart and need not agree in their label."""
    random = np.random.RandomState(3)
    entries = [
        {"label": int(random.randint(-1, 2)), "patient": f"p{patient}"}
        for patient in range(60)
        for _ in range(random.randint(1, 6))
    ]
    order = random.permutation(len(entries))
    return [{"image": f"{index}.png", **entries[old]} for index, old in enumerate(order)]


def names(entries: list[dict]) -> list[str]:
    return [entry["image"] for entry in entries]


def classes_of_patients(entries: list[dict]) -> dict[str, int]:
    labels = defaultdict(list)
    for entry in entries:
        labels[entry.get("patient", entry["image"])].append(entry["label"])
    return {patient: max(own) for patient, own in labels.items()}


CASES = [images(40, 20), images(37, 3, 11), images(5, 5, first=-1), images(1, 1), images(4), of_patients()]
FRACTIONS = [(0.75, 0.25), (0.9, 0.1), (1 / 3, 1 / 3, 1 / 3), (0.5, 0.2, 0.2, 0.1), (1.0,)]


@pytest.mark.parametrize("fractions", FRACTIONS, ids=str)
@pytest.mark.parametrize("entries", CASES, ids=lambda case: str(len(case)))
def test_parts_are_disjoint_complete_ordered_and_stratified(entries: list[dict], fractions: tuple[float, ...]) -> None:
    parts = split(entries, fractions, seed=5)
    assert len(parts) == len(fractions)
    assert sorted(name for part in parts for name in names(part)) == sorted(names(entries))
    assert all([entry for entry in entries if entry in part] == part for part in parts)
    classes = classes_of_patients(entries)
    assert sum(len(classes_of_patients(part)) for part in parts) == len(classes)
    for part, fraction in zip(parts, fractions, strict=True):
        found = Counter(classes[patient] for patient in classes_of_patients(part))
        for label, count in Counter(classes.values()).items():
            assert abs(found[label] - fraction * count) <= 1 + 1e-9


def test_exact_sizes() -> None:
    first, second = split(images(40, 20), [0.75, 0.25], seed=0)
    assert Counter(entry["label"] for entry in first) == {0: 30, 1: 15}
    assert Counter(entry["label"] for entry in second) == {0: 10, 1: 5}


def test_the_seed_decides() -> None:
    entries = images(40, 20)
    assert split(entries, [0.5, 0.5], seed=1) == split(entries, [0.5, 0.5], seed=1)
    assert split(entries, [0.5, 0.5], seed=1) != split(entries, [0.5, 0.5], seed=2)
    assert take_fraction(entries, 0.5, seed=1) == take_fraction(entries, 0.5, seed=1)
    assert take_fraction(entries, 0.5, seed=1) != take_fraction(entries, 0.5, seed=2)


def test_the_choice_is_not_the_order_of_the_list() -> None:
    entries = images(50, 50)
    assert names(take_fraction(entries, 0.5, seed=0)) != names(entries[:50])
    chosen = Counter(name for seed in range(400) for name in names(take_fraction(entries, 0.25, seed)))
    # each image is chosen by about 100 of 400 seeds: binomial with standard deviation 8.7, so 50 is 5.8 of them
    assert all(50 < chosen[name] < 150 for name in names(entries))


@pytest.mark.parametrize("entries", CASES, ids=lambda case: str(len(case)))
def test_fractions_are_nested(entries: list[dict]) -> None:
    previous: set[str] = set()
    for fraction in (0.01, 0.1, 0.25, 0.5, 0.9, 1.0):
        taken = take_fraction(entries, fraction, seed=11)
        assert previous <= set(names(taken))
        previous = set(names(taken))
        whole, part = classes_of_patients(entries), classes_of_patients(taken)
        assert all(entry in taken for entry in entries if entry.get("patient", entry["image"]) in part)
        found = Counter(whole[patient] for patient in part)
        for label, count in Counter(whole.values()).items():
            assert found[label] == max(1, int(fraction * count + 0.5))
    assert take_fraction(entries, 1.0, seed=11) == entries


def test_nothing_to_split() -> None:
    assert split([], [0.5, 0.5], seed=0) == [[], []]
    assert take_fraction([], 0.5, seed=0) == []


@pytest.mark.parametrize("value", [0, -0.1, 1.5, float("nan")])
def test_fractions_out_of_range(value: float) -> None:
    with pytest.raises(InputError, match=f"^fraction must be above 0 and at most 1, got {value}$"):
        take_fraction(images(2), value, seed=0)
    with pytest.raises(InputError, match=f"^fractions must be above 0 and at most 1, got {value}$"):
        split(images(2), [0.5, value], seed=0)


@pytest.mark.parametrize("fractions", [[0.5, 0.4], [0.7, 0.7], []])
def test_fractions_with_another_sum(fractions: list[float]) -> None:
    with pytest.raises(InputError, match="fractions must have the sum 1"):
        split(images(2), fractions, seed=0)
