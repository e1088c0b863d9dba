# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from .attention import AttentionClassifier
from .block_cnn import BlockCNN
from .checkpoint import load_checkpoint, load_weights
from .explained_classifier import ExplainedClassifier
from .explainer import ConstantExplainer, Explainer
from .frozen_teacher import FrozenTeacher
from .gates import ConcreteGate, SoftGate
from .layer_taps import tap_layers
from .medtex_net import MedTexNet
from .patch_scores import PatchScores
from .patch_selector import L2XClassifier, L2XNet, PatchSelector
from .vid_head import VIDHead

__all__ = [
    "AttentionClassifier",
    "BlockCNN",
    "ConcreteGate",
    "ConstantExplainer",
    "ExplainedClassifier",
    "Explainer",
    "FrozenTeacher",
    "L2XClassifier",
    "L2XNet",
    "MedTexNet",
    "PatchScores",
    "PatchSelector",
    "SoftGate",
    "VIDHead",
    "load_checkpoint",
    "load_weights",
    "tap_layers",
]
