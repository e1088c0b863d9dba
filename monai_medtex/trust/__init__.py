# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""Judges that took no part in the training: whether the map of a finished run may be trusted."""

from __future__ import annotations

from .alarm import Alarm, raise_alarm
from .configuration import RunConfiguration, calling_config, configured_as
from .deployed_baseline import baseline_of
from .main import trust
from .map_probe import read_from_maps
from .masked_batch import RandomlyMaskedBatch
from .parts import Parts
from .retraining import shuffled_labels
from .similarity import map_ssim, random_pairs, rank_correlation

__all__ = [
    "Alarm",
    "Parts",
    "RandomlyMaskedBatch",
    "RunConfiguration",
    "baseline_of",
    "calling_config",
    "configured_as",
    "map_ssim",
    "raise_alarm",
    "random_pairs",
    "rank_correlation",
    "read_from_maps",
    "shuffled_labels",
    "trust",
]
