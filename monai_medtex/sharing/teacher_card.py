# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .card_parts import common_parts, figure_table
from .finished_run import FinishedRun
from .measured import Figures

__all__ = ["TEACHER_LIMITS", "teacher_card"]

ACCURACY = {
    "label_accuracy": "accuracy against labels",
    "label_f1": "F1 against labels",
    "cross_entropy": "cross-entropy, nats",
}

TEACHER_LIMITS = (
    "Accuracy is that on the test images alone, against their labels, which may be wrong themselves.",
    "Intervals describe the choice of test images, not other hospitals, devices or patients. On images of another "
    "origin nothing is known before it is measured.",
    "Weights were fitted to the training images. What can be learnt from them about these images was not looked at.",
)

CARD = """\
# {title}

**Authors** {authors}
**Version** {version}
**Tags** classification, teacher, knowledge distillation

{description}

## Data

{data_source}
Images of the type {data_type}, {channels}; what the network sees are {seen}.
Classes: {classes}. {counts}
The images are no part of this bundle. Their licence: docs/data_license.txt.

## Accuracy

{accuracy}

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

writes class probabilities as CSV. From elsewhere add `--bundle_root` and this folder's path.

To distil a student and an explainer from it with images of your own, which need no labels, in the folder
`bundles/{config_bundle}/configs` of monai_medtex (TEACHER is this folder):

```
python -m monai.bundle run training --config_file "{configs}" \\
    --teacher_ckpt TEACHER/models/model.pt --dataset_dir IMAGES \\
    {options}
```

## Changes

{changes}

## References

{references}
"""


def teacher_card(
    bundle: str,
    run: FinishedRun,
    figures: Figures,
    card: Mapping[str, Any],
    metadata: Mapping[str, Any],
    files: Mapping[str, int],
) -> str:
    """Write the model card of a teacher, in Markdown; the arguments are those of :func:`model_card`."""
    settings = run.settings
    titles = ACCURACY | {f"label_accuracy_{name}": f"{name}: accuracy" for name in settings["class_names"]}
    classes = str(settings["class_names"]).replace("', '", "','")
    task = ["multilabel.json"] if settings.get("activation") == "sigmoid" else []
    opener = "../../medtex_fundus/configs/teachers/bundle.json" if run.window else "teachers/bundle.json"
    return CARD.format(
        **common_parts(bundle, run, card, metadata, files, TEACHER_LIMITS),
        counts=_counts(run),
        accuracy=figure_table(figures, titles),
        config_bundle="medtex_volume" if run.window else "medtex_fundus",
        configs=str(["train.json", *task, opener]).replace(" ", ""),
        options=f'{_seen(run)} --in_channels {settings["in_channels"]} --class_names "{classes}"',
    )


def _seen(run: FinishedRun) -> str:
    """Give the options that say what the teacher sees of an image."""
    if run.window is None:
        return f"--image_size {run.settings['image_size']}"
    given = {name: run.settings.get(name) for name in ("spacing", "intensity_range")}
    options = {"patch_size": run.window, **{name: value for name, value in given.items() if value is not None}}
    return " ".join(f"--{name} {str(value).replace(' ', '')}" for name, value in options.items())


def _counts(run: FinishedRun) -> str:
    if "training_images" not in run.summary:
        return ""
    return f"Trained on {run.summary['training_images']} images, tested on {run.summary['images']} others."
