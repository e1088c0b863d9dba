# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import pytest
import torch

from monai_medtex.metrics import bootstrap_means, paired_p_value, percentile_interval
from monai_medtex.utils import InputError

NAN = float("nan")


def test_means_have_the_bootstrap_variance():
    """A drawn mean of n values has the expectation of their mean and the variance of their population over n."""
    values = torch.tensor([[0.0], [1.0], [2.0], [9.0]])
    means = bootstrap_means(values, draws=20_000)[:, 0]
    assert means.shape == (20_000,)
    variance = values.double().var(correction=0).item() / 4  # 12.5 / 4
    assert abs(means.mean().item() - 3) < 5 * (variance / 20_000) ** 0.5
    assert means.var().item() == pytest.approx(variance, rel=0.05)
    assert set((4 * means).round().int().tolist()) <= set(range(37))
    assert torch.equal((4 * means).round(), 4 * means)  # four values to a draw


def test_all_methods_see_the_same_images():
    values = torch.rand(30, 1, generator=torch.Generator().manual_seed(0))
    means = bootstrap_means(torch.cat([values, values + 0.25, 2 * values], dim=1))
    torch.testing.assert_close(means[:, 1] - means[:, 0], torch.full((1000,), 0.25, dtype=torch.float64))
    torch.testing.assert_close(means[:, 2], 2 * means[:, 0])


def test_groups_come_whole():
    """Two patients with 1 and 3 images: the draws hold (0, 2), (1, 1) or (2, 0) of them, with 1/4, 1/2, 1/4."""
    values = torch.tensor([[8.0], [0.0], [4.0], [2.0]])
    means = bootstrap_means(values, ["b", "a", "a", "a"], draws=4000)[:, 0]
    mixed = (8 + 0 + 4 + 2) / 4
    shares = {mean: (means == mean).double().mean().item() for mean in (8.0, mixed, 2.0)}
    assert sum(shares.values()) == 1
    assert shares == pytest.approx({8.0: 0.25, mixed: 0.5, 2.0: 0.25}, abs=5 * 0.5 / 4000**0.5)


def test_groups_of_one_are_images():
    values = torch.rand(9, 2, generator=torch.Generator().manual_seed(0))
    assert torch.equal(bootstrap_means(values, [f"patient {i}" for i in range(9)]), bootstrap_means(values))


def test_nan_is_left_out_of_the_mean():
    means = bootstrap_means(torch.tensor([[1.0, 5.0], [3.0, NAN]]), draws=500)
    assert set(means[:, 0].tolist()) == {1.0, 2.0, 3.0}
    assert means[:, 1].isnan().equal(means[:, 0] == 3)  # the second image twice
    assert set(means[~means[:, 1].isnan(), 1].tolist()) == {5.0}
    low, high = percentile_interval(means)
    assert (low.tolist(), high.tolist()) == ([1, 5], [3, 5])


def test_the_seed_decides():
    values = torch.rand(20, 1, generator=torch.Generator().manual_seed(0))
    state = torch.random.get_rng_state()
    assert torch.equal(bootstrap_means(values, seed=1), bootstrap_means(values, seed=1))
    assert not torch.equal(bootstrap_means(values, seed=1), bootstrap_means(values, seed=2))
    assert torch.equal(torch.random.get_rng_state(), state)


def test_no_images_give_nan():
    means = bootstrap_means(torch.empty(0, 3), draws=7)
    assert means.shape == (7, 3)
    assert means.isnan().all()
    assert torch.stack(percentile_interval(means)).isnan().all()
    assert paired_p_value(means).isnan().all()


def test_interval_by_hand():
    draws = torch.arange(101.0).flip(0)
    low, high = percentile_interval(draws, 0.9)
    assert (low.item(), high.item()) == pytest.approx((5, 95))
    low, high = percentile_interval(torch.stack([draws, 2 * draws], dim=1), 0.5)
    assert (low.tolist(), high.tolist()) == ([25, 50], [75, 150])


def test_p_values_by_hand():
    def with_negatives(count: int, zeros: int = 0) -> torch.Tensor:
        return torch.tensor([-1.0] * count + [0.0] * zeros + [1.0] * (100 - count - zeros))

    differences = [with_negatives(3), with_negatives(97), with_negatives(50), with_negatives(0), with_negatives(2, 1)]
    p = paired_p_value(torch.stack(differences, dim=1))
    assert p.tolist() == pytest.approx([0.06, 0.06, 1, 0.01, 0.06])
    assert paired_p_value(torch.zeros(100)).item() == 1
    assert paired_p_value(torch.tensor([NAN, 1.0, 1.0, -1.0, 1.0])).item() == pytest.approx(0.5)


def test_p_value_and_interval_agree():
    values = torch.randn(40, 25, generator=torch.Generator().manual_seed(0)) + torch.linspace(-0.8, 0.8, 25)
    draws = bootstrap_means(values)
    low, high = percentile_interval(draws)
    p = paired_p_value(draws)
    clear = (p - 0.05).abs() > 0.004  # the quantile lies between two draws
    excluded = (low > 0) | (high < 0)
    assert excluded[clear].equal((p < 0.05)[clear])
    assert 0 < excluded.sum() < 25


def test_errors():
    with pytest.raises(InputError, match=r"values must be of the shape \(images, methods\) but have the shape \(3,\)"):
        bootstrap_means(torch.zeros(3))
    with pytest.raises(InputError, match=r"groups must name the group of each of the 3 images but has 2 entries"):
        bootstrap_means(torch.zeros(3, 1), ["a", "b"])
    with pytest.raises(InputError, match=r"level must be between 0 and 1 but is 95"):
        percentile_interval(torch.zeros(3), 95)
