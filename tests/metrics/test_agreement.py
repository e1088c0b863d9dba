# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import math

import pytest
import sklearn.metrics
import torch
from monai.data import MetaTensor, decollate_batch

from monai_medtex.metrics import ClassAgreement, accuracy, cohen_kappa, confusion_matrix, f1_score
from monai_medtex.utils import InputError


def random_classes(num_classes: int, images: int = 200, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return tuple(torch.randint(num_classes, (images,), generator=generator) for _ in range(2))


def one_hot_logits(classes: list[int], num_classes: int = 2) -> torch.Tensor:
    return torch.nn.functional.one_hot(torch.tensor(classes), num_classes).float() * 3 - 1


def test_confusion_matrix_counts_targets_in_rows_and_leaves_out_unknown_ones():
    predicted, target = torch.tensor([0, 1, 1, 1, 0]), torch.tensor([0, 0, 0, 1, -1])
    matrix = confusion_matrix(predicted, target, 2)
    assert matrix.tolist() == [[1, 2], [0, 1]]
    assert matrix.dtype == torch.int64


@pytest.mark.parametrize("num_classes", [2, 3, 7])
def test_confusion_matrix_matches_sklearn(num_classes):
    predicted, target = random_classes(num_classes)
    expected = sklearn.metrics.confusion_matrix(target, predicted, labels=range(num_classes))
    assert confusion_matrix(predicted, target, num_classes).tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("predicted", "target", "named"), [([0, 2], [0, 1], 2), ([0, 1], [0, 3], 3), ([0, -1], [0, 1], -1)]
)
def test_confusion_matrix_names_a_class_index_that_does_not_fit(predicted, target, named):
    with pytest.raises(InputError, match=rf"num_classes is 2 .* index {named}$"):
        confusion_matrix(torch.tensor(predicted), torch.tensor(target), 2)


@pytest.mark.parametrize("num_classes", [2, 3, 7])
def test_accuracy_and_f1_match_sklearn(num_classes):
    predicted, target = random_classes(num_classes, seed=1)
    matrix = confusion_matrix(predicted, target, num_classes)
    average = "binary" if num_classes == 2 else "macro"
    assert accuracy(matrix).item() == pytest.approx(sklearn.metrics.accuracy_score(target, predicted), abs=1e-6)
    expected = sklearn.metrics.f1_score(target, predicted, average=average)
    assert f1_score(matrix).item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("num_classes", [2, 3, 7])
def test_kappa_matches_sklearn(num_classes):
    predicted, target = random_classes(num_classes, seed=1)
    predicted = torch.where(torch.arange(200) < 120, target, predicted)
    expected = sklearn.metrics.cohen_kappa_score(target, predicted)
    assert cohen_kappa(confusion_matrix(predicted, target, num_classes)).item() == pytest.approx(expected, abs=1e-9)
    assert expected > 0.5


def test_kappa_is_zero_for_a_constant_answer_and_unknown_where_nothing_varies():
    assert cohen_kappa(torch.tensor([[0, 5], [0, 73]])).item() == 0
    assert math.isnan(cohen_kappa(torch.tensor([[0, 0], [0, 78]])))
    assert math.isnan(cohen_kappa(torch.zeros(2, 2, dtype=torch.int64)))


def test_macro_f1_leaves_out_a_class_that_occurs_nowhere():
    predicted, target = random_classes(3, seed=2)
    predicted, target = predicted * 2, target * 2  # classes 0, 2, 4 of 5
    expected = sklearn.metrics.f1_score(target, predicted, average="macro")  # over the classes that occur
    assert f1_score(confusion_matrix(predicted, target, 5)).item() == pytest.approx(expected, abs=1e-6)


def test_macro_f1_keeps_a_class_that_is_only_predicted():
    # class 0: 2 * 1 / (2 + 1) = 2/3; class 1: 1; class 2 is predicted once and never right: 0.
    matrix = confusion_matrix(torch.tensor([0, 2, 1]), torch.tensor([0, 0, 1]), 4)
    assert f1_score(matrix).item() == pytest.approx((2 / 3 + 1 + 0) / 3)


@pytest.mark.parametrize(("predicted", "expected"), [([0, 0], math.nan), ([0, 1], 0.0)])
def test_binary_f1_without_a_true_positive(predicted, expected):
    matrix = confusion_matrix(torch.tensor(predicted), torch.tensor([0, 0]), 2)
    assert f1_score(matrix).item() == pytest.approx(expected, nan_ok=True)


# student 0 0 1 1 1, teacher 0 1 1 1 0: 3 of 5 agree; F1 of class 1 is 2 * 2 / (3 + 3); of the agreement 2 / 5 * 2 / 5 +
# 3 / 5 * 3 / 5 = 13 / 25 is expected of independent answers: kappa is (15 - 13) / (25 - 13).
STUDENT, TEACHER = [0, 0, 1, 1, 1], [0, 1, 1, 1, 0]


def test_agreement_compares_the_arg_max_of_both_logits():
    metric = ClassAgreement(2)
    metric(one_hot_logits(STUDENT), one_hot_logits(TEACHER))
    expected = {"agreement_accuracy": 3 / 5, "agreement_f1": 2 / 3, "agreement_kappa": 1 / 6, "agreement_count": 5}
    assert metric.aggregate() == pytest.approx(expected)


@pytest.mark.parametrize("form", ["B", "B1", "numbers", "0-d", "1-d", "half", "indices", "meta", "decollated"])
def test_labels_in_every_form(form):
    logits, labels = one_hot_logits(STUDENT), torch.tensor(TEACHER)
    metric = ClassAgreement(2, prefix="label")
    match form:
        case "B":
            metric(logits, labels)
        case "B1":
            metric(logits, labels[:, None].float())
        case "numbers":
            metric(list(logits), TEACHER)
        case "0-d":
            metric(list(logits), list(labels))
        case "1-d":
            metric(list(logits), list(labels[:, None]))
        case "half":
            metric(logits.half(), labels.int())
        case "indices":
            metric(torch.tensor(STUDENT), labels)
        case "meta":
            metric([MetaTensor(logit) for logit in logits], [MetaTensor(label) for label in labels])
        case "decollated":
            images = decollate_batch({"pred": logits, "label": labels})
            metric([image["pred"] for image in images], [image["label"] for image in images])
    assert metric.get_buffer().tolist() == [list(pair) for pair in zip(STUDENT, TEACHER, strict=True)]
    expected = {"label_accuracy": 3 / 5, "label_f1": 2 / 3, "label_kappa": 1 / 6, "label_count": 5}
    assert metric.aggregate() == pytest.approx(expected)


def test_unknown_labels_are_excluded_but_keep_their_row():
    metric = ClassAgreement(2, prefix="label")
    metric(one_hot_logits(STUDENT), torch.tensor([0, -1, 1, -1, 0]))  # known: right, right, wrong
    # 0 1 1 for 0 1 0: 1 / 3 * 2 / 3 + 2 / 3 * 1 / 3 = 4 / 9 is expected, 6 / 9 is found
    expected = {"label_accuracy": 2 / 3, "label_f1": 2 / 3, "label_kappa": 2 / 5, "label_count": 3}
    assert metric.aggregate() == pytest.approx(expected)
    assert len(metric.get_buffer()) == 5


@pytest.mark.parametrize("update", [True, False])
def test_nothing_known_gives_nan_and_a_count_of_zero(update):
    metric = ClassAgreement(2, prefix="label")
    if update:
        metric([torch.zeros(2), torch.ones(2)], [-1, -1])
    expected = {"label_accuracy": math.nan, "label_f1": math.nan, "label_kappa": math.nan, "label_count": 0}
    assert metric.aggregate() == pytest.approx(expected, nan_ok=True)


def test_updates_add_up_and_reset_forgets():
    predicted, target = random_classes(3, images=50, seed=3)
    whole, parts = ClassAgreement(3), ClassAgreement(3)
    whole(predicted, target)
    parts(predicted[:33], target[:33])
    parts.aggregate()  # an evaluation in between takes nothing away
    parts(predicted[33:], target[33:])
    assert parts.aggregate() == whole.aggregate()
    parts.reset()
    assert parts.aggregate()["agreement_count"] == 0


@pytest.mark.parametrize(("predicted", "target"), [((4, 3), (4,)), ((4,), (4, 5)), ((4, 2, 8, 8), (4,)), ((4, 2), ())])
def test_shapes_that_are_no_classes_are_named(predicted, target):
    bad = next(shape for shape in (predicted, target) if shape not in ((4, 2), (4,)))
    with pytest.raises(InputError, match="C = 2 but have the shape") as caught:
        ClassAgreement(2)(torch.zeros(predicted), torch.zeros(target))
    assert str(bad) in str(caught.value)


def test_a_single_class_is_refused():
    with pytest.raises(InputError, match="num_classes must be at least 2 but is 1"):
        ClassAgreement(1)
