# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version as installed
from typing import Any

from monai.utils import ensure_tuple_rep

from .finished_run import FinishedRun
from .measured import Figures

__all__ = ["data_formats", "packages", "write_metadata"]

CHANNELS = {1: ("grayscale", ["intensity"]), 3: ("RGB", ["red", "green", "blue"])}
INTERVAL = {"value": "", "value_low": "_ci95_low", "value_high": "_ci95_high", "images": "_images"}
RUN_NAMES = {"monai": "monai_version", "torch": "pytorch_version", "numpy": "numpy_version"}


def write_metadata(
    template: Mapping[str, Any],
    run: FinishedRun,
    figures: Figures,
    card: Mapping[str, Any],
    changelog: Mapping[str, str],
) -> dict[str, Any]:
    """Write ``metadata.json`` for one run.

    Args:
        template: the bundle's own.
        run: the finished run.
        figures: that it measured.
        card: texts of whoever packs, see :func:`~monai_medtex.sharing.pack`; one that is None keeps the template's.
        changelog: versions in order, the newest last, with what changed.
    """
    texts = {key: card[key] for key in ("task", "authors", "copyright", "intended_use") if card.get(key)}
    return {
        **template,
        "version": list(changelog)[-1],
        "changelog": dict(changelog),
        **packages(template["required_packages_version"], run.summary.get("versions", {})),
        "name": card["title"],
        "description": card["description"],
        **texts,
        "data_source": card["data_source"],
        "data_type": card["data_type"],
        "pred_classes": ", ".join(f"{number}: {name}" for number, name in enumerate(run.settings["class_names"])),
        "eval_metrics": {
            f"{name}{ending}": float(f"{figure[key]:.6g}")
            for name, figure in figures.items()
            for key, ending in INTERVAL.items()
            if key in figure
        },
        **data_formats(template["network_data_format"], run.settings, card.get("modality")),
    }


def packages(required: Mapping[str, str], run_versions: Mapping[str, str]) -> dict[str, Any]:
    """Return the versions that the run was made with, as metadata has them; installed ones where it does not say."""
    versions = {name: run_versions.get(name) or installed(name) for name in {*RUN_NAMES, *required}}
    plain = {name: version.split("+")[0] for name, version in versions.items()}
    return {
        **{key: plain[name] for name, key in RUN_NAMES.items()},
        "required_packages_version": {name: plain[name] for name in required},
    }


def data_formats(
    template: Mapping[str, Any], settings: Mapping[str, Any], modality: str | None = None
) -> dict[str, Any]:
    """Describe what goes into the network, and what comes out of it and, where the run has one, of the explainer.

    Args:
        template: ``network_data_format`` of the bundle.
        settings: of the run.
        modality: of the images; the template's if None.
    """
    image = _image(template["inputs"]["image"], settings)
    image |= {"modality": modality} if modality else {}
    classes: Sequence[str] = settings["class_names"]
    prediction = template["outputs"]["pred"] | {"num_channels": len(classes), "channel_def": _numbered(classes)}
    formats = {"network_data_format": {"inputs": {"image": image}, "outputs": {"pred": prediction}}}
    if "theta_channels" in settings:
        outputs = {"theta": _theta(image, settings["theta_channels"])}
        formats["explainer_data_format"] = {"inputs": {"image": image}, "outputs": outputs}
    return formats


def _theta(image: Mapping[str, Any], channels: int) -> dict[str, Any]:
    return {
        "type": "image",
        "format": "scores",
        "num_channels": channels,
        "spatial_shape": image["spatial_shape"],
        "dtype": "float32",
        "value_range": [0, 1],
        "is_patch_data": image.get("is_patch_data", False),
        "channel_def": _numbered(_theta_channels(channels)),
    }


def _image(template: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    channels = settings["in_channels"]
    form, names = CHANNELS.get(channels, ("channels", [f"channel {number}" for number in range(channels)]))
    size = settings["patch_size"] if "patch_size" in settings else settings["image_size"]
    shape = list(ensure_tuple_rep(size, len(template["spatial_shape"])))
    return {
        **template,
        "format": form,
        "num_channels": channels,
        "spatial_shape": shape,
        "channel_def": _numbered(names),
    }


def _theta_channels(channels: int) -> list[str]:
    return ["theta"] if channels == 1 else [f"theta of channel {number}" for number in range(channels)]


def _numbered(names: Sequence[str]) -> dict[str, str]:
    return {str(number): name for number, name in enumerate(names)}
