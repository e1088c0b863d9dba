# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from .attention import AttentionClassifier
from .baselines import (
    BlurBaseline,
    ConstantBaseline,
    MeanBaseline,
    NoiseBaseline,
    RandomBaseline,
    ZeroBaseline,
    blur_baseline,
    mean_baseline,
)
from .block_cnn import BlockCNN
from .checkpoint import load_checkpoint, load_weights
from .class_evidence import ClassEvidence
from .detached_theta import DetachedTheta
from .explained_classifier import ExplainedClassifier
from .explainer import ConstantExplainer, Explainer
from .frozen_teacher import FrozenTeacher
from .gates import ConcreteGate, SoftGate
from .layer_taps import tap_layers
from .make_baseline import make_baseline
from .medtex_net import MedTexNet
from .patch_scores import PatchScores
from .patch_selector import L2XClassifier, L2XNet, PatchSelector
from .random_mask_mix_in import RandomMaskMixIn
from .random_masks import RandomMasks
from .teacher_in_loop import TeacherInLoop
from .theta_sampling import RelaxedBernoulli, StraightThroughTopK
from .vid_head import VIDHead

__all__ = [
    "AttentionClassifier",
    "BlockCNN",
    "BlurBaseline",
    "ClassEvidence",
    "ConcreteGate",
    "ConstantBaseline",
    "ConstantExplainer",
    "DetachedTheta",
    "ExplainedClassifier",
    "Explainer",
    "FrozenTeacher",
    "L2XClassifier",
    "L2XNet",
    "MeanBaseline",
    "MedTexNet",
    "NoiseBaseline",
    "PatchScores",
    "PatchSelector",
    "RandomBaseline",
    "RandomMaskMixIn",
    "RandomMasks",
    "RelaxedBernoulli",
    "SoftGate",
    "StraightThroughTopK",
    "TeacherInLoop",
    "VIDHead",
    "ZeroBaseline",
    "blur_baseline",
    "load_checkpoint",
    "load_weights",
    "make_baseline",
    "mean_baseline",
    "tap_layers",
]
