# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""What can be said of the configs without running them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from monai.bundle import ComponentLocator, ConfigParser
from monai.transforms import Resize
from monai.utils import optional_import

CONFIGS = Path(__file__).resolve().parents[2] / "bundles" / "medtex_fundus" / "configs"
README = CONFIGS.parents[2] / "README.md"
NAMES = sorted(path.relative_to(CONFIGS).with_suffix("").as_posix() for path in CONFIGS.rglob("*.json"))
VOLUME = CONFIGS.parents[1] / "medtex_volume" / "configs"
ALL = [*NAMES, *(str(path.with_suffix("")) for path in sorted(VOLUME.rglob("*.json")))]


def load(name: str) -> dict:
    return json.loads((CONFIGS / f"{name}.json").read_text())


def leaves(content: object, key: str = "") -> Iterator[tuple[str, object]]:
    """All values that are neither dict nor list, with the last key on the way."""
    if isinstance(content, dict):
        for name, value in content.items():
            yield from leaves(value, name)
    elif isinstance(content, list):
        for value in content:
            yield from leaves(value, key)
    else:
        yield key, content


def test_the_bundle_has_the_configs_that_the_readme_lists():
    named = set(re.findall(r"`(\w+)\.json`", README.read_text())) - {"settings", "summary", "datalist"}
    assert named | {"metadata"} == {name for name in NAMES if "/" not in name}


@pytest.mark.parametrize("name", ALL, ids=lambda name: Path(name).name)
def test_components_can_be_found(name):
    monai_names = ComponentLocator()
    for key, value in leaves(load(name)):
        if key != "_target_":
            continue
        module, dot, attribute = value.rpartition(".")
        if dot:
            assert optional_import(module, name=attribute)[1], value
        else:
            assert isinstance(monai_names.get_component_module_name(value), str), value


@pytest.mark.parametrize("variant", ["train_trusted", "med_ex", "densenet121"])
def test_a_variant_does_not_change_how_a_teacher_is_augmented(variant, bundle_home):
    def transforms(*names: str) -> list[str]:
        parser = ConfigParser()
        parser.read_config([str(CONFIGS / f"{name}.json") for name in names])
        return [
            type(each).__name__ for each in parser.get_parsed_content("teacher_training#dataset#transform").transforms
        ]

    assert transforms("train", variant) == transforms("train")


@pytest.mark.parametrize("name", ALL, ids=lambda name: Path(name).name)
def test_expressions_avoid_what_monai_takes_for_an_import(name):
    """MONAI parses every expression that holds the letters, before references are replaced."""
    for _, value in leaves(load(name)):
        if isinstance(value, str) and value.startswith("$") and "@" in value:
            assert "import" not in value


@pytest.mark.parametrize("name", ALL, ids=lambda name: Path(name).name)
def test_configs_hold_no_path_of_a_machine(name):
    assert not [value for _, value in leaves(load(name)) if isinstance(value, str) and value.startswith(("/", "~"))]


@pytest.mark.parametrize(
    "names",
    [
        *(["train"], ["train", "evaluate"], ["train", "teacher"], ["train", "multi_gpu_train"], ["inference"]),
        *([str(VOLUME / name) for name in names] for names in (["train", "evaluate"], ["train", "teacher"])),
        [str(VOLUME / "inference")],
    ],
)
def test_references_lead_somewhere(names):
    parser = ConfigParser()
    parser.read_config([str(CONFIGS / f"{name}.json") for name in names])
    parser.parse()
    for _, value in leaves(parser.get()):
        if isinstance(value, str) and value.startswith(("@", "$")):
            for reference in re.findall(r"@([\w#:]+)", value):
                assert reference in parser, f"{value} in {names}"


def options_of(section: str) -> list[tuple[str, str]]:
    """Names and shown default of each option in the tables of a section of the README."""
    text = README.read_text().split(f"## {section}")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`--.*?) \| (.*?) \|", text, re.MULTILINE)
    return [
        (key, shown)
        for names, default in rows
        for keys in [re.findall(r"`--(\w+)`", names)]
        for key, shown in zip(keys, default.split(", ") if len(keys) > 1 else [default], strict=False)
    ]


def test_options_of_the_readme_exist_and_have_its_defaults():
    train, evaluate, inference = load("train"), load("evaluate"), load("inference")
    options = options_of("Your own images")
    assert len(options) > 10
    for key, shown in options:
        assert key in train or (key in evaluate and key in inference), key
        if re.fullmatch(r"[\d.]+", shown):
            assert train[key] == float(shown), key


def test_options_of_a_comparison_exist_and_have_the_readmes_defaults():
    parser = ConfigParser(load("comparison"))
    options = options_of("Comparing methods")
    assert len(options) == 8
    for key, shown in options:
        if re.fullmatch(r"`?[\d.,\[\]]+`?", shown):
            assert parser.get_parsed_content(key) == json.loads(shown.strip("`")), key
        assert key in parser, key


@pytest.mark.parametrize("other", ["inference", "evaluate"])
def test_volumes_are_seen_alike(other):
    """What is deployed must look through the windows it was trained on."""
    train, config = load(str(VOLUME / "train")), load(str(VOLUME / other))
    for part in ("explainer", "student", "windows", "window"):
        assert config.get(part, train[part]) == train[part]
    seen = {"patch_size", "spacing", "intensity_range", "overlap", "volume_answer", "in_channels", "class_names"}
    assert all("@run_settings" in str(config[key]) for key in seen)
    assert seen <= set(train["settings"])


@pytest.mark.parametrize("other", ["inference", "evaluate"])
def test_networks_are_described_alike(other):
    """What is deployed must be built as it was trained."""
    train, config = load("train"), load(other)
    for part in ("explainer", "student"):
        assert config.get(part, train[part]) == train[part]
    sizes = {"image_size", "in_channels", "class_names", "student_channels", "explainer_channels", "theta_channels"}
    sizes |= {"theta_sharpness", "mask_power"}
    assert all("@run_settings" in str(config[key]) for key in sizes)
    assert sizes <= set(train["settings"])


def test_a_mask_made_smaller_stays_where_its_lesion_is() -> None:
    modes = next(step["mode"] for step in load("train")["fit_image"] if step["_target_"] == "Resized")
    mask = torch.zeros(1, 64, 64)
    mask[:, 21:45, 11:35] = 1
    shares = torch.nn.functional.avg_pool2d(mask, 4)
    assert torch.equal(Resize(16, size_mode="longest", mode=modes[1])(mask), (shares > 0.5).float())


@pytest.mark.parametrize("configs", [CONFIGS, VOLUME])
@pytest.mark.parametrize("name", ["train", "inference"])
def test_a_device_may_be_given_by_its_name(configs: Path, name: str) -> None:
    parser = ConfigParser()
    parser.read_config(configs / f"{name}.json")
    parser["device"] = "cpu"
    assert isinstance(parser.get_parsed_content("amp"), bool)
