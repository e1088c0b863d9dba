# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch
from sklearn.metrics import average_precision_score, roc_auc_score

from monai_medtex.metrics import PixelRanking, pixel_auprc, pixel_auroc
from monai_medtex.utils import InputError

# Five pixels from the highest: lesion, other, and then a tie of one lesion and two others.
SCORES = torch.tensor([0.9, 0.5, -1.0, -1.0, -1.0]).view(1, 1, 1, 5)
LESION = torch.tensor([1, 0, 0, 1, 0]).view(1, 1, 1, 5)


def test_by_hand():
    # Thresholds 0.9, 0.5 and -1: recall 1/2, 1/2, 1; precision 1, 1/2, 2/5.
    assert pixel_auprc(SCORES, LESION).item() == pytest.approx(1 / 2 * 1 + 1 / 2 * 2 / 5)
    # Of the 2 x 3 pairs the first lesion pixel wins 3, the second loses 1 and ties in 2.
    assert pixel_auroc(SCORES, LESION).item() == pytest.approx((3 + 2 * 0.5) / 6)


@pytest.mark.parametrize("levels", [1, 3, 20, None])
@pytest.mark.parametrize("spatial", [(13, 17), (5, 6, 7)])
def test_matches_scikit_learn(spatial, levels):
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(4, 2, *spatial, generator=generator)
    scores = scores if levels is None else (levels * scores).sigmoid().mul(levels).round()
    lesion = torch.rand(4, 1, *spatial, generator=generator) < torch.tensor([0.01, 0.1, 0.5, 0.9]).view(
        4, 1, *[1] * len(spatial)
    )
    auprc, auroc = pixel_auprc(scores, lesion), pixel_auroc(scores, lesion)
    for image in range(4):
        truth, score = lesion[image].flatten().numpy(), scores[image].mean(dim=0).flatten().numpy()
        assert auprc[image].item() == pytest.approx(average_precision_score(truth, score), abs=1e-6)
        assert auroc[image].item() == pytest.approx(roc_auc_score(truth, score), abs=1e-6)


def test_a_constant_map_is_at_chance():
    assert pixel_auprc(torch.ones(1, 1, 1, 5), LESION).item() == pytest.approx(2 / 5)
    assert pixel_auroc(torch.ones(1, 1, 1, 5), LESION).item() == pytest.approx(1 / 2)


def test_the_lesion_itself_is_perfect_and_its_complement_worst():
    assert pixel_auprc(LESION.float(), LESION).item() == 1
    assert pixel_auroc(LESION.float(), LESION).item() == 1
    assert pixel_auroc(1.0 - LESION, LESION).item() == 0


def test_nan_ranks_lowest():
    broken = torch.tensor([0.9, 0.5, torch.nan, torch.nan, torch.nan]).view(1, 1, 1, 5)
    assert pixel_auprc(broken, LESION).item() == pixel_auprc(SCORES, LESION).item()
    assert pixel_auroc(broken, LESION).item() == pixel_auroc(SCORES, LESION).item()


def test_no_lesion_and_nothing_else():
    scores, lesion = SCORES.expand(2, -1, -1, -1), torch.tensor([0, 1]).view(2, 1, 1, 1).expand(2, 1, 1, 5)
    assert pixel_auprc(scores, lesion).isnan().tolist() == [True, False]
    assert pixel_auroc(scores, lesion).isnan().tolist() == [True, True]


def test_metric():
    metric = PixelRanking()
    metric(SCORES.expand(2, -1, -1, -1), torch.cat([LESION, torch.zeros_like(LESION)]))
    metric([torch.ones(1, 1, 5)], [LESION[0]])
    expected = {"pixel_auprc": (0.7 + 0.4) / 2, "pixel_auroc": (4 / 6 + 1 / 2) / 2}
    assert metric.aggregate() == pytest.approx({**expected, "lesion_images": 2, "empty_images": 1})


def test_shapes_must_fit():
    with pytest.raises(InputError, match=r"lesion must be B1HW"):
        pixel_auroc(SCORES, LESION.expand(1, 2, 1, 5))
