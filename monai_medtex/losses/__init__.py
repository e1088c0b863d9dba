# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from .distillation import DistillationLoss
from .knowledge_distillation import KnowledgeDistillationLoss
from .soft_cross_entropy import SoftCrossEntropyLoss
from .vid import VIDLoss, gaussian_log_likelihood, match_spatial_size

__all__ = [
    "DistillationLoss",
    "KnowledgeDistillationLoss",
    "SoftCrossEntropyLoss",
    "VIDLoss",
    "gaussian_log_likelihood",
    "match_spatial_size",
]
