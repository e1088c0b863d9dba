# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""Classify and explain an image with onnxruntime, numpy and pillow alone; no torch, no MONAI.

    pip install onnxruntime numpy pillow
    python serve_onnx.py model_theta.onnx image.png

It prints the probability of each class and writes ``image_theta.png``: theta in the image's own size, from 0 (black) to
1 (white). ``model_theta.onnx`` is written by the bundle's run ``export``.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageOps


def area_resized(image: np.ndarray, axis: int, size: int) -> np.ndarray:
    """Average over the pixels that each new pixel covers, along one axis, as torch's mode "area" does."""
    old = image.shape[axis]
    new = np.arange(size)
    start, stop = new * old // size, -(-(new + 1) * old // size)
    sums = np.insert(np.cumsum(image, axis=axis, dtype=np.float64), 0, 0, axis=axis)
    total = np.take(sums, stop, axis=axis) - np.take(sums, start, axis=axis)
    counts = (stop - start).reshape([-1 if at == axis % image.ndim else 1 for at in range(image.ndim)])
    return total / counts


def resized(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize the last two axes by area."""
    return area_resized(area_resized(image, -2, size[0]), -1, size[1])


def fitted_size(size: tuple[int, int], side: int) -> tuple[int, int]:
    """Size of an image whose longest side is made ``side`` pixels."""
    scale = side / max(size)
    return round(size[0] * scale), round(size[1] * scale)


def prepared(image: Image.Image, channels: int, side: int) -> np.ndarray:
    """Make of an image what the network expects: channels, width, height, padded to a square, in [0, 1]."""
    deep = image.mode.startswith("I;16")
    pixels = np.asarray(image if deep else image.convert("RGB" if channels == 3 else "L"), dtype=np.float64)
    pixels = pixels / 257 if deep else pixels
    pixels = pixels.reshape(*pixels.shape[:2], -1).transpose(2, 1, 0)
    pixels = resized(pixels, fitted_size(image.size, side))
    missing = [side - length for length in pixels.shape[1:]]
    pixels = np.pad(pixels, [(0, 0), *((length // 2, length - length // 2) for length in missing)])
    return np.clip(pixels / 255, 0, 1).astype(np.float32)


def on_the_image(theta: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Bring theta, width by height, back to the image: cut the padding off and resize."""
    fitted = fitted_size(size, theta.shape[0])
    left, top = ((side - length) // 2 for side, length in zip(theta.shape, fitted, strict=True))
    return resized(theta[left : left + fitted[0], top : top + fitted[1]], size)


def probabilities_of(logits: np.ndarray, activation: str) -> np.ndarray:
    """Turn logits into probabilities: of one class among several (softmax), or of each label by itself (sigmoid)."""
    if activation == "sigmoid":
        return 1 / (1 + np.exp(-logits))
    odds = np.exp(logits - logits.max())
    return odds / odds.sum()


def answer(session: onnxruntime.InferenceSession, image: Image.Image) -> tuple[dict[str, float], np.ndarray]:
    """Classify and explain one image.

    Args:
        session: of ``model_theta.onnx``.
        image: of any size.

    Returns:
        the probability of each class by name, and theta, the mean over its channels, of shape width by height.
    """
    _, channels, side, _ = session.get_inputs()[0].shape
    logits, theta = session.run(["logits", "theta"], {"image": prepared(image, channels, side)[None]})
    about = {name: json.loads(text) for name, text in session.get_modelmeta().custom_metadata_map.items()}
    shares = probabilities_of(logits[0].astype(np.float64), about["activation"])
    probabilities = dict(zip(about["class_names"], shares.tolist(), strict=True))
    return probabilities, on_the_image(theta[0].astype(np.float64).mean(axis=0), image.size)


def main() -> None:
    """Print the probabilities and write theta beside the working directory's other files."""
    parser = argparse.ArgumentParser(description="Classify and explain an image with onnxruntime.")
    parser.add_argument("model", help="model_theta.onnx")
    parser.add_argument("image", help="PNG, JPEG, TIFF, ... of 8 bits")
    arguments = parser.parse_args()
    session = onnxruntime.InferenceSession(arguments.model, providers=["CPUExecutionProvider"])
    with Image.open(arguments.image) as image:
        probabilities, theta = answer(session, ImageOps.exif_transpose(image))
    for name, probability in probabilities.items():
        print(f"{name}: {probability:.6f}")
    file = f"{Path(arguments.image).stem}_theta.png"
    Image.fromarray((theta.T * 255).round().astype(np.uint8)).save(file)
    print(file)


if __name__ == "__main__":
    main()
