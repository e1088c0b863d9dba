# Copyright (c) monai_medtex contributors
# SPDX-License-Identifier: Apache-2.0

"""Drawings that look like colour fundus photographs, with and without lesions.

Lengths are in radii of the circular field of view: the centre of the image is 0, x points to the right and y down.
Whatever distracts (reflexes, haze, naevi, disc size, pigmentation, exposure) is drawn alike for both classes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw, ImageFilter

__all__ = ["draw_fundus"]

Floats = NDArray[np.floating]
Lesions = tuple[NDArray[np.floating], NDArray[np.bool_]]  # opacity or image, and mask
Random = np.random.Generator

_FIELD = 0.97  # radius of the field of view, in half image sides
_SUPERSAMPLING = 3  # of the vessels
# reflectances (RGB) of blond, orange, brown and grey retinas
_RETINAS = np.array([[0.84, 0.50, 0.36], [0.80, 0.42, 0.14], [0.52, 0.24, 0.10], [0.54, 0.42, 0.34]])

# temporal arcade, nasal trunk and macular twig: the least and the most of
# [first heading, second heading (radians from temporal), turning length, length, relative width]
_LEAST = np.array([[1.15, -0.2, 0.4, 2.0, 1.0], [1.65, 2.2, 0.4, 0.7, 0.6], [0.45, -0.1, 0.3, 0.4, 0.3]])
_MOST = np.array([[1.85, 0.2, 0.6, 2.0, 1.0], [2.30, 2.9, 0.4, 1.1, 0.8], [0.90, 0.25, 0.3, 0.7, 0.4]])


@dataclass(frozen=True)
class _Eye:
    """Landmarks of one eye and the coordinates ``x``, ``y`` of every pixel (HW)."""

    x: Floats
    y: Floats
    nasal: int  # direction of x from the fovea to the disc: +1 or -1
    disc: Floats
    disc_radius: float
    fovea: Floats

    @property
    def size(self) -> int:
        return self.x.shape[0]

    def distance(self, point: Floats) -> Floats:
        return np.hypot(self.x - np.float32(point[0]), self.y - np.float32(point[1]))

    def to_disc(self) -> Floats:
        """Distance to the centre of the slightly upright disc; 1 on its margin."""
        return np.hypot((self.x - self.disc[0]) * 1.08, (self.y - self.disc[1]) * 0.94) / self.disc_radius


@dataclass(frozen=True)
class _Vessels:
    """Centre lines of V vessels, relative to the disc, first axis temporal."""

    points: Floats  # (V, steps, 2)
    headings: Floats  # (V, steps), radians
    widths: Floats  # (V, steps)


def _ramp(values: Floats) -> Floats:
    """Smooth step from 0 at 0 to 1 at 1."""
    values = np.clip(values, 0, 1)
    return values * values * (3 - 2 * values)


def _noise(rng: Random, size: int, cells: int) -> Floats:
    """Smooth noise of about unit variance (HW): a grid of ``cells`` normal deviates a side, the same for each size."""
    grid = Image.fromarray(rng.normal(size=(cells, cells)).astype(np.float32))
    return np.asarray(grid.resize((size, size), Image.Resampling.BICUBIC))


def _per_channel(values: ArrayLike) -> Floats:
    return np.asarray(values, dtype=np.float32)[:, None, None]


def _tint(image: Floats, alpha: Floats, colour: ArrayLike) -> Floats:
    """Lay ``colour`` over ``image`` (CHW) with opacity ``alpha`` (HW)."""
    return image + alpha * (_per_channel(colour) - image)


def _filter(image: Floats, alpha: Floats, transmission: ArrayLike) -> Floats:
    """Look at ``image`` (CHW) through a coloured filter of density ``alpha`` (HW)."""
    return image * (1 + alpha * (_per_channel(transmission) - 1))


def _eye(rng: Random, size: int) -> _Eye:
    axis = ((np.arange(size, dtype=np.float32) + 0.5) * 2 / size - 1) / _FIELD
    x, y = np.meshgrid(axis, axis)
    nasal = int(rng.choice((-1, 1)))
    disc = np.array([nasal * rng.uniform(0.38, 0.74), rng.uniform(-0.12, 0.12)])
    fovea = disc + np.array([-nasal * rng.uniform(0.68, 0.82), rng.uniform(0, 0.12)])
    return _Eye(x, y, nasal, disc.astype(np.float32), rng.uniform(0.11, 0.23), fovea.astype(np.float32))


def _retina(rng: Random, eye: _Eye) -> Floats:
    """Background reflectance (CHW): pigmentation, mottling, choroidal streaks, macula and naevi."""
    colour = rng.dirichlet(np.full(len(_RETINAS), 0.6)) @ _RETINAS
    mottling = 1 + 0.05 * _noise(rng, eye.size, 6) + 0.025 * _noise(rng, eye.size, 28)
    image = mottling * _per_channel(colour)
    streaks = np.exp(-np.square(_noise(rng, eye.size, 15) / 0.3)) * _ramp(eye.distance(eye.fovea) / 0.6)
    image = _filter(image, streaks * rng.uniform(0, 0.8) ** 2, (1.12, 1.22, 1.1))
    macula = np.exp(-np.square(eye.distance(eye.fovea) / rng.uniform(0.13, 0.24)))
    image = _filter(image, macula * rng.uniform(0.3, 1), (0.68, 0.60, 0.66))
    for _ in range(rng.binomial(2, 0.2)):
        naevus = np.exp(-np.square(eye.distance(rng.uniform(-0.6, 0.6, 2)) / rng.uniform(0.06, 0.13)))
        image = _filter(image, naevus * rng.uniform(0.3, 0.8), (0.74, 0.76, 0.80))
    return image


def _draw_disc(rng: Random, eye: _Eye, image: Floats) -> Floats:
    distance = eye.to_disc()
    glow = np.exp(-np.square(distance / rng.uniform(1.6, 2.6)))
    image = _tint(image, glow * rng.uniform(0, 0.25), (0.92, 0.66, 0.42))
    rim = 0.98, rng.uniform(0.58, 0.76), rng.uniform(0.30, 0.50)
    image = _tint(image, _ramp((1.12 - distance) / rng.uniform(0.2, 0.35)) * 0.88, rim)
    pallor = 1.0, rng.uniform(0.84, 0.95), rng.uniform(0.62, 0.84)
    return _tint(image, _ramp((rng.uniform(0.4, 0.75) - distance) / 0.35) * 0.85, pallor)


def _grow(rng: Random, starts: Floats, course: Floats, steps: int) -> _Vessels:
    """Let V vessels wind from ``starts`` (V, 2) along ``course`` (5, V; the columns of ``_LEAST``), and taper."""
    first, second, turn, length, width = course[..., None]
    share = np.linspace(0, 1, steps)
    waves, phases = rng.uniform(4, 14, (3, len(starts), 1)), rng.uniform(0, 2 * np.pi, (3, len(starts), 1))
    winding = np.sin(share * length * waves + phases).sum(0) * rng.uniform(0.04, 0.12, (len(starts), 1))
    headings = second + (first - second) * np.exp(-share * length / turn) + winding * np.minimum(share * 8, 1)
    moves = np.stack([np.cos(headings), np.sin(headings)], axis=-1) * (length / (steps - 1))[..., None]
    points = starts[:, None] + np.cumsum(moves, axis=1) - moves[:, :1]
    return _Vessels(points, headings, width * (1 - 0.65 * share))


def _branch(rng: Random, parents: _Vessels, count: int, steps: int) -> _Vessels:
    """Grow ``count`` side branches from each of ``parents``, alternately to either side."""
    vessels, points = parents.headings.shape
    places = 0.1 + 0.75 * (np.arange(count) + rng.uniform(0, 1, (vessels, count))) / count
    at = np.repeat(np.arange(vessels), count), (places * points).astype(int).ravel()
    sides = (rng.choice((-1, 1), (vessels, 1)) * (-1) ** np.arange(count)).ravel()
    angles = rng.uniform((0.6, 0.1), (1.0, 0.6), (vessels * count, 2)).T * sides
    spans = np.linalg.norm(np.diff(parents.points, axis=1), axis=2).sum(1).repeat(count) * (1.15 - places.ravel())
    lengths = rng.uniform(0.25, 0.6, vessels * count) * spans
    widths = parents.widths[at] * rng.uniform(0.4, 0.7, vessels * count)
    turns = np.full(vessels * count, 0.15)
    course = np.stack([parents.headings[at] + angles[0], parents.headings[at] + angles[1], turns, lengths, widths])
    return _grow(rng, parents.points[at], course, steps)


def _tree(rng: Random, width: float) -> tuple[_Vessels, ...]:
    """Trunks, branches and twigs of one eye, above and below the disc; the first half of each are the arteries."""
    up = np.tile(np.repeat((-1, 1), len(_LEAST)), 2)
    course = rng.uniform(np.tile(_LEAST, (4, 1)), np.tile(_MOST, (4, 1))).T
    course[:2] *= up
    course[4] *= np.repeat((0.75 * width, width), len(up) // 2)
    trunks = _grow(rng, np.stack([rng.uniform(-0.02, 0.03, len(up)), up * 0.02], axis=1), course, 40)
    branches = _branch(rng, trunks, 5, 14)
    return trunks, branches, _branch(rng, branches, 1, 9)


def _outlines(eye: _Eye, vessels: _Vessels) -> Floats:
    """Closed outlines of vessels (V, points, 2), thinning out towards the avascular fovea."""
    points = eye.disc + vessels.points * (-eye.nasal, 1)
    avascular = _ramp((np.linalg.norm(points - eye.fovea, axis=-1) - 0.06) / 0.12)
    across = np.stack([eye.nasal * np.sin(vessels.headings), np.cos(vessels.headings)], axis=-1)
    across *= (avascular * vessels.widths / 2)[..., None]
    return np.concatenate([points + across, (points - across)[:, ::-1]], axis=1)


def _coverage(eye: _Eye, outlines: list[Floats]) -> Floats:
    """Share of each pixel (HW) that outlined vessels cover."""
    side = eye.size * _SUPERSAMPLING
    layer = Image.new("L", (side, side))
    pencil = ImageDraw.Draw(layer)
    for generation in outlines:
        for outline in ((generation * _FIELD + 1) * (side / 2)).reshape(len(generation), -1).tolist():
            pencil.polygon(outline, fill=255)
    return np.asarray(layer.reduce(_SUPERSAMPLING), dtype=np.float32) / 255


def _draw_vessels(rng: Random, eye: _Eye, image: Floats) -> Floats:
    density, width = rng.uniform(0.35, 0.75), rng.uniform(0.022, 0.032)
    outlines = [_outlines(eye, vessels) for vessels in _tree(rng, width)]
    arteries = _coverage(eye, [outline[: len(outline) // 2] for outline in outlines])
    veins = _coverage(eye, [outline[len(outline) // 2 :] for outline in outlines])
    image = _filter(image, arteries * density, (0.84, 0.52, 0.55))
    return _filter(image, veins * density, (0.66, 0.40, 0.50))


def _blob(rng: Random, eye: _Eye, centre: Floats, radius: float, aspect: float) -> Floats:
    """Level set (HW) of an irregular blob: 0 on its outline, about 1 in its middle."""
    angle, orders = rng.uniform(0, np.pi), np.arange(2, 7)
    dx, dy = eye.x - np.float32(centre[0]), eye.y - np.float32(centre[1])
    u = (dx * math.cos(angle) + dy * math.sin(angle)) / aspect**0.5
    v = (dy * math.cos(angle) - dx * math.sin(angle)) * aspect**0.5
    waves = np.cos(np.outer(np.linspace(0, 2 * np.pi, 1024), orders) + rng.uniform(0, 2 * np.pi, 5))
    outline = (1 + waves @ (rng.normal(0, 0.36, 5) / orders)).astype(np.float32)
    return outline[(np.arctan2(v, u) * (511 / np.pi) + 511.5).astype(int)] - np.hypot(u, v) / np.float32(radius)


def _lesions(rng: Random, eye: _Eye, centres: Floats, inner: Floats, share: float, aspect: float) -> Lesions:
    """Blobs that together cover ``share`` of all pixels, off the disc and the margin, larger than ``inner`` radii."""
    radii = np.hypot(inner, np.sqrt(share * rng.dirichlet(np.full(len(inner), 3.0)) * 4 / np.pi) / _FIELD)
    blobs = [_blob(rng, eye, *blob, rng.uniform(1, aspect)) for blob in zip(centres, radii, strict=True)]
    level = np.max(blobs, axis=0) + 0.15 * _noise(rng, eye.size, 26)
    allowed = (eye.to_disc() > 1.03) & (np.hypot(eye.x, eye.y) < 0.88) & (np.abs(eye.y) < 0.75)
    level = np.where(allowed, level, -np.inf)
    height = np.partition(level, -round(share * level.size), axis=None)[-round(share * level.size)]
    return _ramp((level - height) / rng.uniform(0.12, 0.26) + 0.5), level >= height


def _draw_atrophy(rng: Random, eye: _Eye, image: Floats) -> Lesions:
    """Pale patches with soft edges, around the disc or elsewhere in the posterior pole."""
    share, parts = math.exp(rng.uniform(*np.log((0.018, 0.05)))), int(rng.integers(1, 4))
    centres, inner = eye.disc * 0.3 + rng.uniform(-0.5, 0.5, (parts, 2)), np.zeros(parts)
    if rng.random() < 0.4:
        centres[0] = eye.disc + eye.disc_radius * rng.uniform((0.4, -0.4), (0.9, 0.4)) * (-eye.nasal, 1)
        inner[0] = eye.disc_radius
    alpha, mask = _lesions(rng, eye, centres, inner, share, 1.6)
    texture = np.clip(1 + 0.15 * _noise(rng, eye.size, 30), 0, 1.2)
    colour = 0.96, rng.uniform(0.76, 0.86), rng.uniform(0.46, 0.66)
    return _tint(image, alpha * texture * rng.uniform(0.6, 0.9), colour), mask


def _draw_haemorrhages(rng: Random, eye: _Eye, image: Floats) -> Lesions:
    """Dark red blots and flames."""
    share, parts = math.exp(rng.uniform(*np.log((0.014, 0.03)))), int(rng.integers(1, 5))
    alpha, mask = _lesions(rng, eye, rng.uniform(-0.6, 0.6, (parts, 2)), np.zeros(parts), share, 2.5)
    return _filter(image, alpha * rng.uniform(0.8, 1), (0.55, 0.28, 0.36)), mask


def _draw_reflexes(rng: Random, eye: _Eye, image: Floats) -> Floats:
    """Whitish sheen in arcs around the macula and a flare at the margin: bright, and no lesion."""
    if rng.random() < 0.35:
        ring = np.exp(-np.square((eye.distance(eye.fovea) - rng.uniform(0.26, 0.4)) / rng.uniform(0.03, 0.07)))
        image = _tint(image, ring * _ramp(_noise(rng, eye.size, 12) * 0.8) * rng.uniform(0.1, 0.4), (0.78, 0.90, 0.86))
    if rng.random() < 0.35:
        angle = rng.uniform(0, 2 * np.pi)
        source = rng.uniform(1.15, 1.4) * np.array([np.cos(angle), np.sin(angle)])
        flare = np.exp(-np.square(eye.distance(source) / rng.uniform(0.25, 0.45)))
        image = _tint(image, flare * rng.uniform(0.3, 0.9), (0.98, rng.uniform(0.6, 0.9), 0.5))
    return image


def _light(rng: Random, eye: _Eye, image: Floats) -> Floats:
    """Uneven illumination: vignette, tilt, and a broad haze or shadow."""
    vignette = 1 - rng.uniform(0.1, 0.55) * np.square(np.hypot(eye.x, eye.y))
    tilt = 1 + rng.normal(0, 0.18) * eye.x + rng.normal(0, 0.18) * eye.y
    image = image * (vignette * np.clip(tilt, 0.4, 1.6))
    cloud = np.exp(-np.square(eye.distance(rng.uniform(-0.8, 0.8, 2)) / rng.uniform(0.35, 0.8)))
    return image + cloud * _per_channel(rng.normal(0, 0.09) + rng.normal(0, (0.02, 0.02, 0.04)))


def _photograph(rng: Random, eye: _Eye, image: Floats) -> NDArray[np.uint8]:
    """Exposure, colour balance, gamma, aperture, blur and sensor noise."""
    gains = _per_channel(np.exp(rng.normal(0, 0.1) + rng.normal(0, (0.05, 0.05, 0.08))))
    image = np.clip(image * gains, 0, 1) ** np.float32(math.exp(rng.normal(0, 0.16)))
    height = 2.0 if rng.random() < 0.6 else rng.uniform(0.8, 0.95)
    inside = (np.hypot(eye.x, eye.y) <= 1) & (np.abs(eye.y) <= height)
    levels = np.moveaxis((image * inside * 255).astype(np.uint8), 0, -1)
    blur = ImageFilter.GaussianBlur(rng.uniform(0.2, 0.7) * eye.size / 128)
    blurred = np.asarray(Image.fromarray(np.ascontiguousarray(levels)).filter(blur), np.float32)
    grain = rng.standard_normal(blurred.shape, dtype=np.float32) * np.sqrt(blurred) * rng.uniform(0.15, 0.5)
    return np.clip(blurred + grain + 0.5, 0, 255).astype(np.uint8)


def draw_fundus(rng: np.random.Generator, size: int, abnormal: bool) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Draw one colour fundus photograph.

    The same state of ``rng`` draws the same eye, light and camera noise for both values of ``abnormal``: the pair
    differs by the lesions alone.

    Args:
        rng: source of randomness; nothing else is random.
        size: height and width in pixels.
        abnormal: whether to add lesions: pale atrophic patches, dark red haemorrhages, or both.

    Returns:
        the RGB image, ``(size, size, 3)`` in row and column order, and the mask of the lesions, ``(size, size)``,
        which cover 1 to 8 % of an abnormal image and nothing of a normal one.
    """
    scene, lesions, camera = (np.random.default_rng(seed) for seed in rng.integers(2**63, size=3))
    eye = _eye(scene, size)
    mask = np.zeros((size, size), dtype=bool)
    bright, dark = ((True, False), (False, True), (True, True))[lesions.choice(3, p=(0.3, 0.3, 0.4))]
    image = _draw_disc(scene, eye, _retina(scene, eye))
    if abnormal and bright:
        image, mask = _draw_atrophy(lesions, eye, image)
    image = _draw_vessels(scene, eye, image)
    if abnormal and dark:
        image, dark_mask = _draw_haemorrhages(lesions, eye, image)
        mask = mask | dark_mask
    image = _light(scene, eye, _draw_reflexes(scene, eye, image))
    return _photograph(camera, eye, image), mask
