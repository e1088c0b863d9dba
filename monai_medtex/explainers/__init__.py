# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from .cam import GradCAMMap, GradCAMppMap
from .class_evidence import ClassEvidenceMap
from .ensemble import EnsembleMap
from .integrated_gradients import IntegratedGradientsMap
from .occlusion import OcclusionMap
from .priors import CentrePrior, MeanMaskPrior, RandomMap, RawIntensity
from .protocol import ExplainsImages
from .rise import RISEMap
from .smooth_grad import SmoothGradMap

__all__ = [
    "CentrePrior",
    "ClassEvidenceMap",
    "EnsembleMap",
    "ExplainsImages",
    "GradCAMMap",
    "GradCAMppMap",
    "IntegratedGradientsMap",
    "MeanMaskPrior",
    "OcclusionMap",
    "RISEMap",
    "RandomMap",
    "RawIntensity",
    "SmoothGradMap",
]
