# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0
"""Synthetic fundus photographs with many small lesions, as in diabetic retinopathy, to choose settings on.

``python small_lesions.py FOLDER`` draws them at 256 x 256 into a new folder below FOLDER, a ``--dataset_dir``. They are
the package's own but for the lesions: 8 to 25 parts of each kind, that together cover 0.6 to 3 % of the image.
"""

from __future__ import annotations

import math
import sys

import numpy as np

from monai_medtex.data import synthetic_fundus as fundus
from monai_medtex.data import write_synthetic_fundus


def scattered(rng: np.random.Generator, eye: fundus._Eye, aspect: float) -> fundus.Lesions:
    """Opacity and mask of small parts all over the posterior pole."""
    share, parts = math.exp(rng.uniform(*np.log((0.006, 0.03)))), int(rng.integers(8, 26))
    return fundus._lesions(rng, eye, rng.uniform(-0.65, 0.65, (parts, 2)), np.zeros(parts), share, aspect)


def draw_exudates(rng: np.random.Generator, eye: fundus._Eye, image: fundus.Floats) -> fundus.Lesions:
    """Pale and small, in place of the patches of atrophy."""
    alpha, mask = scattered(rng, eye, 1.8)
    opacity = alpha * rng.uniform(0.5, 0.85)
    return fundus._tint(image, opacity, (0.95, rng.uniform(0.8, 0.9), rng.uniform(0.5, 0.7))), mask


def draw_blots(rng: np.random.Generator, eye: fundus._Eye, image: fundus.Floats) -> fundus.Lesions:
    """Dark red and small, in place of the haemorrhages."""
    alpha, mask = scattered(rng, eye, 2.5)
    return fundus._filter(image, alpha * rng.uniform(0.8, 1), (0.55, 0.28, 0.36)), mask


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    fundus._draw_atrophy, fundus._draw_haemorrhages = draw_exudates, draw_blots
    print(write_synthetic_fundus(sys.argv[1], size=256, counts={"training": 400, "validation": 80, "test": 2}))
