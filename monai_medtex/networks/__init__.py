# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from .block_cnn import BlockCNN
from .checkpoint import load_checkpoint, load_weights
from .explained_classifier import ExplainedClassifier
from .explainer import ConstantExplainer, Explainer
from .frozen_teacher import FrozenTeacher
from .layer_taps import tap_layers
from .medtex_net import MedTexNet
from .vid_head import VIDHead

__all__ = [
    "BlockCNN",
    "ConstantExplainer",
    "ExplainedClassifier",
    "Explainer",
    "FrozenTeacher",
    "MedTexNet",
    "VIDHead",
    "load_checkpoint",
    "load_weights",
    "tap_layers",
]
