# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from .answer_table import AnswerTable
from .best_model import BestModel
from .broadcast_buffers import BroadcastBuffers
from .dicom_files import DicomFiles
from .distillation_output import DistillationOutput
from .epoch_log import EpochLog
from .epoch_seed import EpochSeed
from .explained_images import ExplainedImages
from .explainer_first import ExplainerFirst
from .grouped_scalars import write_grouped
from .hyper_parameters import HyperParameters
from .image_table import ImageTable
from .loss_terms import LossTerms
from .overlay_files import OverlayFiles
from .prediction_table import PredictionTable
from .predictor_pretraining import PredictorPretraining
from .run_checkpoint import RunCheckpoint
from .summary_file import SummaryFile
from .theta_overlays import ThetaOverlays
from .tracking import finish_tracking, tracked, tracking_uri
from .weights_loader import WeightsLoader

__all__ = [
    "AnswerTable",
    "BestModel",
    "BroadcastBuffers",
    "DicomFiles",
    "DistillationOutput",
    "EpochLog",
    "EpochSeed",
    "ExplainedImages",
    "HyperParameters",
    "ImageTable",
    "LossTerms",
    "OverlayFiles",
    "PredictionTable",
    "ExplainerFirst",
    "PredictorPretraining",
    "RunCheckpoint",
    "SummaryFile",
    "ThetaOverlays",
    "WeightsLoader",
    "finish_tracking",
    "tracked",
    "tracking_uri",
    "write_grouped",
]
