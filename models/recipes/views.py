"""Random views of slices, as `src/nn/augment.ts` makes them.

A view has a random turn, scale, warp, contrast and shading and, as magnitudes have none, a smooth phase.
Images are complex `[H, W]`, bright tissue about 1.
"""

import functools
import math

import numpy as np
import torch
import torch.nn.functional as F

PIXEL_RANGE = (0.5, 1.5)  # mm, of a view
RATIO_RANGE = (0.85, 2.8)  # pixel of a view over that of its source
HALVE_ABOVE = 1.5  # above this ratio the source is averaged 2 x 2 first


@functools.lru_cache(maxsize=256)
def spline_basis(size, knots):
    """Weights `[size, knots + 3]` of a cubic B-spline with so many intervals."""
    at = (np.arange(size) + 0.5) * knots / size
    first = np.minimum(knots - 1, np.floor(at).astype(int))
    t = at - first
    s = 1 - t
    weights = [s**3, 3 * t**3 - 6 * t**2 + 4, 3 * s**3 - 6 * s**2 + 4, t**3]
    basis = np.zeros((size, knots + 3), np.float32)
    for k, weight in enumerate(weights):
        basis[np.arange(size), first + k] = weight / 6
    return basis


def smooth_field(rng, size, knots):
    """A random field without fine detail, mean 0, variance about 0.25 (`src/nn/smooth_field.ts`)."""
    basis = spline_basis(size, knots)
    return basis @ rng.standard_normal((knots + 3, knots + 3)).astype(np.float32) @ basis.T


def log_uniform(rng, low, high):
    """A number between two, its logarithm uniform."""
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def random_view(item, size, rng, whole=False):
    """A random detail of a slice, or its whole field of view: complex `[size, size]`."""
    magnitude = adjust_contrast(sampled(item, size, rng, whole), rng)
    if rng.random() < 0.85:
        axis = np.arange(size, dtype=np.float32) * 2 / size
        ramp = rng.standard_normal() * axis[:, None] + rng.standard_normal() * axis
        phase = rng.uniform(0, 5) * (smooth_field(rng, size, 2 + int(rng.integers(4))) + ramp)
    else:
        phase = 0.0
    return magnitude * np.exp(1j * (phase + rng.uniform(0, 2 * math.pi))).astype(np.complex64)


def chosen_view(item, size, rng, whole):
    """Ratio of the pixels, and the centre in the slice."""
    rows, columns = item.image.shape
    if whole:
        ratio = max(rows, columns) / size * rng.uniform(0.85, 1.2)
        return ratio, np.array([rows, columns]) / 2 + rng.uniform(-1, 1, 2) * size / 16 * ratio
    least = max(RATIO_RANGE[0], PIXEL_RANGE[0] / item.pixel)
    ratio = log_uniform(rng, least, max(least, min(RATIO_RANGE[1], PIXEL_RANGE[1] / item.pixel)))
    for _ in range(50):
        centre = np.array([rng.integers(rows), rng.integers(columns)])
        if item.image[centre[0], centre[1]] > 0.15:
            break
    return ratio, centre + rng.uniform(-1, 1, 2) * size / 4 * ratio


def sampled(item, size, rng, whole):
    """The magnitude `[size, size]` of a view."""
    ratio, centre = chosen_view(item, size, rng, whole)
    half = int(size * ratio * 0.75) + 8
    low = np.floor(centre).astype(int) - half
    patch = cut(item.image, low, 2 * half)
    at = centre - low
    while ratio > HALVE_ABOVE:
        patch = F.avg_pool2d(patch, 2)
        ratio, at = ratio / 2, (at + 0.5) / 2 - 0.5
    angle = rng.uniform(-15, 15) * math.pi / 180
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    turn = turn * rng.choice([-1, 1], 2) * ratio
    if rng.random() < 0.5:
        turn = turn[:, ::-1]
    y, x = np.meshgrid(*[np.arange(size, dtype=np.float32) - (size - 1) / 2] * 2, indexing="ij")
    if rng.random() < 0.5:
        warp = rng.uniform(0, 3)
        y, x = y + warp * smooth_field(rng, size, 4), x + warp * smooth_field(rng, size, 4)
    side = patch.shape[-1]
    row = at[0] + turn[0, 0] * y + turn[0, 1] * x
    column = at[1] + turn[1, 0] * y + turn[1, 1] * x
    grid = np.stack([(2 * column + 1) / side - 1, (2 * row + 1) / side - 1], -1).astype(np.float32)
    view = F.grid_sample(patch, torch.from_numpy(grid)[None], "bicubic", "zeros", False)
    return view[0, 0].clamp_min(0).numpy()


def cut(image, low, side):
    """A square `[1, 1, side, side]` of an image, zero outside."""
    out = np.zeros((side, side), np.float32)
    top, left = np.maximum(low, 0)
    part = image[top : max(0, low[0] + side), left : max(0, low[1] + side)]
    out[top - low[0] : top - low[0] + part.shape[0], left - low[1] : left - low[1] + part.shape[1]] = part
    return torch.from_numpy(out)[None, None]


def adjust_contrast(image, rng):
    """A random contrast curve, shading and scale."""
    if rng.random() < 0.6:
        image = image ** np.float32(np.clip(math.exp(0.3 * rng.standard_normal()), 0.6, 1.7))
    if rng.random() < 0.7:
        image = image * np.exp(np.float32(rng.uniform(0, 0.6)) * smooth_field(rng, len(image), 2))
    return image * np.float32(log_uniform(rng, 0.7, 1.4))


def planes(images):
    """Complex images `[...]` as a tensor `[..., 2, H, W]` of real and imaginary parts."""
    return torch.from_numpy(np.stack([images.real, images.imag], -3).astype(np.float32))
