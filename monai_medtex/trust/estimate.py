# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

import torch

from monai_medtex.metrics import bootstrap_means, percentile_interval

__all__ = ["Estimate", "estimate"]


class Estimate(NamedTuple):
    """A mean with its 95 % interval."""

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, row: Mapping[str, float], name: str) -> Estimate:
        """Read it from the cells of a table."""
        return cls(row[name], row[f"{name}_low"], row[f"{name}_high"])

    def named(self, name: str) -> dict[str, float]:
        """Return it as the cells of a table."""
        return {name: self.mean, f"{name}_low": self.low, f"{name}_high": self.high}

    def __str__(self) -> str:
        if self.mean != self.mean:
            return "unknown"
        return f"{self.mean:.3f} (95 % interval {self.low:.3f} to {self.high:.3f})"


def estimate(values: Sequence[float], groups: Sequence[Hashable] | None = None) -> Estimate:
    """Estimate a mean over images, with the percentile interval of the bootstrap.

    Args:
        values: of the images; NaN is left out.
        groups: what is drawn as a whole, such as the patient of each image.
    """
    table = torch.tensor(values, dtype=torch.float64).view(-1, 1)
    low, high = percentile_interval(bootstrap_means(table, groups))
    return Estimate(float(table.nanmean()), float(low), float(high))
