# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from .area_budget import AreaBudgetLoss
from .bernoulli_rate import BernoulliRateLoss
from .class_evidence import ClassEvidenceLoss
from .deletion import DeletionLoss
from .distillation import DistillationLoss
from .evidence import EvidenceLoss
from .evidence_shape import EvidenceShapeLoss
from .knowledge_distillation import KnowledgeDistillationLoss
from .known_labels import KnownLabelsLoss
from .multi_area import MultiAreaLoss
from .multilabel_cross_entropy import MultilabelCrossEntropyLoss
from .soft_cross_entropy import SoftCrossEntropyLoss
from .theta_entropy import ThetaEntropyLoss
from .theta_term import ThetaTerm
from .total_variation import TotalVariationLoss
from .vid import VIDLoss, gaussian_log_likelihood, match_spatial_size
from .view_consistency import ViewConsistencyLoss

__all__ = [
    "AreaBudgetLoss",
    "BernoulliRateLoss",
    "ClassEvidenceLoss",
    "DeletionLoss",
    "DistillationLoss",
    "EvidenceLoss",
    "EvidenceShapeLoss",
    "KnowledgeDistillationLoss",
    "KnownLabelsLoss",
    "MultiAreaLoss",
    "MultilabelCrossEntropyLoss",
    "SoftCrossEntropyLoss",
    "ThetaEntropyLoss",
    "ThetaTerm",
    "TotalVariationLoss",
    "VIDLoss",
    "ViewConsistencyLoss",
    "gaussian_log_likelihood",
    "match_spatial_size",
]
