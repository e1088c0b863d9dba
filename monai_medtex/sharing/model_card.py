# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .card_parts import common_parts, figure_table
from .finished_run import FinishedRun
from .measured import Figures

__all__ = ["LIMITS", "model_card"]

AGREEMENT = {
    "agreement_accuracy": "same answer as the teacher (agreement)",
    "window_agreement_accuracy": "the same of windows, each for itself",
    "agreement_f1": "F1 against the teacher",
    "predictive_kl": "Kullback-Leibler divergence from the teacher, nats",
    "label_accuracy": "accuracy against labels",
    "teacher_label_accuracy": "accuracy of the teacher against labels",
}
LOCALISATION = {
    **{f"iou_top{k}": f"IoU of the {k}/64 highest-scoring pixels with the lesion" for k in range(1, 7)},
    "iou_mean": "mean of the six",
    "iou_chance": "mean IoU that random pixels reach",
    "iou_ceiling": "mean IoU that a perfect choice reaches",
}

LIMITS = (
    "Agreement says how often the student answers as its teacher does. It does not say that either is right.",
    "Theta is the explainer's score of every pixel. High agreement does not make it an explanation: compare its "
    "overlap with lesions with what random pixels reach, above, where that was measured.",
    "Intervals describe the choice of test images, not other hospitals, devices or patients. On images of another "
    "origin nothing is known before it is measured.",
)

CARD = """\
# {title}

**Authors** {authors}
**Version** {version}
**Tags** classification, knowledge distillation, explanation

{description}

## Data

{data_source}
Images of the type {data_type}, {channels}; what the networks see are {seen}.
Classes: {classes}. {counts}
The images are no part of this bundle. Their licence: docs/data_license.txt.

## Agreement with the teacher

{agreement}

## Localisation

{localisation}

{intervals}

## Costs

{costs}

## Intended use

{intended_use}

## Limits

{limits}

## Files

{files}

## Use

In this folder, with {packages} installed:

```
python -m monai.bundle run inference --config_file configs/inference.json --dataset_dir IMAGES --output_dir RESULTS
```

writes class probabilities as CSV, and theta {results}. From elsewhere add `--bundle_root` and this
folder's path.

```python
network = monai.bundle.load("{bundle}", bundle_dir=".", workflow_type="inference")  # beside this folder
theta = network.explain({images})
```

## Changes

{changes}

## References

{references}
"""


def model_card(
    bundle: str,
    run: FinishedRun,
    figures: Figures,
    card: Mapping[str, Any],
    metadata: Mapping[str, Any],
    files: Mapping[str, int],
) -> str:
    """Write the model card, in Markdown.

    Args:
        bundle: name of the bundle.
        run: the finished run.
        figures: that it measured.
        card: texts of whoever packs, see :func:`~monai_medtex.sharing.pack`.
        metadata: of the bundle.
        files: bytes of the models by path in the bundle.
    """
    titles = {**AGREEMENT, **_of_labels(run.settings["class_names"])}
    return CARD.format(
        **common_parts(bundle, run, card, metadata, files, LIMITS),
        counts=_counts(run),
        results="as NIfTI on the voxels of each volume" if run.window else "as NIfTI and as overlay",
        images="windows" if run.window else "images",
        agreement=figure_table(figures, titles),
        localisation=_localisation(figures),
    )


def _of_labels(names: Sequence[str]) -> dict[str, str]:
    """Figures that there are where labels hold or not, each for itself."""
    titles = {f"agreement_accuracy_{name}": f"{name}: same answer as the teacher" for name in names}
    return titles | {f"label_accuracy_{name}": f"{name}: accuracy against labels" for name in names}


def _localisation(figures: Figures) -> str:
    if "iou_mean" not in figures:
        return "Not measured: no test image has a lesion mask."
    return figure_table(figures, LOCALISATION)


def _counts(run: FinishedRun) -> str:
    if "training_images" not in run.summary:
        return ""
    return f"Distilled on {run.summary['training_images']} images, tested on {run.summary['images']} others."
