# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from .abnormal_evidence import AbnormalEvidence
from .adapted_teacher import adapt_teacher
from .attention import AttentionClassifier
from .baselines import (
    BlurBaseline,
    ConstantBaseline,
    MeanBaseline,
    NoiseBaseline,
    RandomBaseline,
    ZeroBaseline,
    blur_baseline,
    masked,
    mean_baseline,
)
from .block_cnn import BlockCNN
from .bundle_network import bundle_network
from .checkpoint import load_checkpoint, load_weights
from .class_evidence import ClassEvidence
from .class_explainer import ClassExplainer
from .default_layers import default_layers, evidence_layer, last_layer, layer_table, map_shapes
from .detached_theta import DetachedTheta
from .explained_classifier import ExplainedClassifier
from .explainer import ConstantExplainer, Explainer
from .exported_teacher import ExportedTeacher, open_exported
from .frozen_teacher import FrozenTeacher
from .gates import ConcreteGate, SoftGate
from .image_fit import check_answers, check_fit
from .layer_taps import check_pairs, tap_layers
from .make_baseline import make_baseline
from .medtex_net import MedTexNet
from .pair_layers import pair_explainer, pair_layers
from .patch_scores import PatchScores
from .patch_selector import L2XClassifier, L2XNet, PatchSelector
from .per_class_evidence import PerClassEvidence
from .random_mask_mix_in import RandomMaskMixIn
from .random_masks import RandomMasks
from .random_symmetry import RandomSymmetry
from .teacher_in_loop import TeacherInLoop
from .teacher_input import TeacherInput
from .teacher_program import TeacherProgram
from .theta_sampling import RelaxedBernoulli, StraightThroughTopK
from .torchscript_teacher import TorchScriptTeacher, open_torchscript
from .vid_head import VIDHead

__all__ = [
    "AbnormalEvidence",
    "AttentionClassifier",
    "BlockCNN",
    "BlurBaseline",
    "ClassEvidence",
    "ClassExplainer",
    "ConcreteGate",
    "ConstantBaseline",
    "ConstantExplainer",
    "DetachedTheta",
    "ExplainedClassifier",
    "Explainer",
    "ExportedTeacher",
    "FrozenTeacher",
    "L2XClassifier",
    "L2XNet",
    "MeanBaseline",
    "MedTexNet",
    "NoiseBaseline",
    "PatchScores",
    "PatchSelector",
    "PerClassEvidence",
    "RandomBaseline",
    "RandomMaskMixIn",
    "RandomMasks",
    "RandomSymmetry",
    "RelaxedBernoulli",
    "SoftGate",
    "StraightThroughTopK",
    "TeacherInLoop",
    "TeacherInput",
    "TeacherProgram",
    "TorchScriptTeacher",
    "VIDHead",
    "ZeroBaseline",
    "adapt_teacher",
    "blur_baseline",
    "bundle_network",
    "check_answers",
    "check_fit",
    "check_pairs",
    "default_layers",
    "evidence_layer",
    "last_layer",
    "layer_table",
    "load_checkpoint",
    "load_weights",
    "make_baseline",
    "map_shapes",
    "masked",
    "mean_baseline",
    "open_exported",
    "open_torchscript",
    "pair_explainer",
    "pair_layers",
    "tap_layers",
]
