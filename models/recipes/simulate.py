"""Random scans: coils, masks, noise, and maps as a calibration would find them.

Coils, regions and errors of maps are those of `src/nn/augment_acquisition.ts`; masks are lines
(equispaced or random) and Poisson discs.
"""

import numpy as np
import torch

from physics import Sampling, rss, to_kspace
from views import log_uniform, random_view, smooth_field

COILS = (1, 1, 2, 4, 5, 6, 8, 8, 8, 10, 12, 16, 20, 24)
SIDES = (96, 320)
FINEST = 1.1  # pixels of an image for one of the slice that it is made from
ACCELERATION = (2, 12)
CALIBRATION = (0.03, 0.14)  # calibration lines as part of all; 16 of 512 are 0.03
KINDS = {"equispaced": 0.7, "random": 0.25, "poisson": 0.05}
NOISE = (0.003, 0.16)  # of the samples, for images on a scale of 1
HEAD = 0.15  # magnitude above which a pixel is tissue
BLURRED = 0.15  # of the images have less detail than pixels, as those of low fields have
SHARPNESS = (0.4, 1.0)  # their band, of that of the pixels
UNLIKE = 0.6  # of the images have tissues of unlike phase
TISSUE_PHASE = 1.0  # largest standard deviation of it, in radians
MAP_ERROR = 0.12  # largest relative error of calibrated maps


def random_coils(rng, count, height, width):
    """Sensitivities of so many pairs of wires about the image, sum of squares 1: `[C, H, W]`."""
    half = max(height, width) / 2
    y = (np.arange(height) + 0.5 - height / 2) / half
    x = (np.arange(width) + 0.5 - width / 2) / half
    z = x + 1j * y[:, None]
    turn = rng.uniform(0, 2 * np.pi)
    fields = []
    for coil in range(count):
        angle = turn + 2 * np.pi * (coil + 0.2 * rng.standard_normal()) / count
        spread, radius = rng.uniform(0.25, 0.8), rng.uniform(1.2, 1.9)
        fields.append(1 / (z - radius * np.exp(1j * (angle - spread))) - 1 / (z - radius * np.exp(1j * (angle + spread))))
    fields = np.stack(fields)
    return (fields / np.sqrt((np.abs(fields) ** 2).sum(0))).astype(np.complex64)


def head_region(image):
    """Pixels with bright ones on all four sides: the head without the air about it."""
    bright = np.abs(image) > HEAD
    inside = np.ones_like(bright)
    for axis in (0, 1):
        before = np.maximum.accumulate(bright, axis)
        after = np.flip(np.maximum.accumulate(np.flip(bright, axis), axis), axis)
        inside &= before & after
    return inside


def dilated(region, margin):
    """Pixels within so many rows or columns of a region."""
    from numpy.lib.stride_tricks import sliding_window_view

    for axis in (0, 1):
        pad = [(margin, margin) if a == axis else (0, 0) for a in (0, 1)]
        region = sliding_window_view(np.pad(region, pad), 2 * margin + 1, axis).any(-1)
    return region


def calibrated_coils(rng, maps, head):
    """What a calibration from few noisy lines makes of coils: smooth errors, zero away from the head."""
    coils, height, width = maps.shape
    side = max(height, width)
    size = MAP_ERROR * rng.uniform() / np.sqrt(coils / 2)
    knots = int(rng.integers(3, 10))
    error = lambda: smooth_field(rng, side, knots)[:height, :width]
    found = maps + size * np.stack([error() + 1j * error() for _ in range(coils)])
    found *= dilated(head, max(1, round(0.03 * side))) / np.sqrt((np.abs(found) ** 2).sum(0))
    return found.astype(np.complex64)


def line_mask(lines, kind, acceleration, calibration, rng=None):
    """Acquired and calibration lines, `[H, 1]`; without a generator from line 0."""
    count = 2 * max(2, round(calibration * lines / 2))
    start = lines // 2 - count // 2
    centre = np.zeros(lines, np.float32)
    centre[start : start + count] = 1
    acquired = centre.copy()
    if kind == "equispaced":
        acquired[(0 if rng is None else int(rng.integers(acceleration))) :: acceleration] = 1
    else:
        acquired[rng.random(lines) < 1 / acceleration] = 1
    # As Larmor and fastMRI find them: symmetric about the centre, as far as lines are acquired.
    return Sampling(*(torch.from_numpy(v)[:, None] for v in (acquired, centre_window(acquired))))


def centre_window(acquired):
    """1 on the lines about the centre that were all acquired (`centreWindow` of `src/unrolled/varnet.ts`)."""
    length, centre = len(acquired), len(acquired) // 2
    left = right = 0
    while left < centre and acquired[centre - 1 - left]:
        left += 1
    while centre + right < length and acquired[centre + right]:
        right += 1
    count = max(1, 2 * min(left, right))
    start = (length - count + 1) // 2
    window = np.zeros(length, np.float32)
    window[start : start + count] = 1
    return window


def poisson_mask(height, width, acceleration, calibration, rng):
    """A Poisson disc, denser in the middle, with a square of calibration samples: `[H, W]`."""
    y, x = np.mgrid[:height, :width]
    distance = np.hypot((y - height // 2) / height, (x - width // 2) / width) * 2
    radius = np.sqrt(acceleration / 2.2) * (0.55 + 0.75 * distance)
    free, acquired = np.ones((height, width), bool), np.zeros((height, width), np.float32)
    for place in rng.permutation(height * width):
        row, column = divmod(int(place), width)
        if not free[row, column]:
            continue
        acquired[row, column] = 1
        reach = int(radius[row, column])
        rows, columns = slice(max(0, row - reach), row + reach + 1), slice(max(0, column - reach), column + reach + 1)
        near = np.hypot(y[rows, columns] - row, x[rows, columns] - column) < radius[row, column]
        free[rows, columns] &= ~near
    side = 2 * max(2, round(calibration * min(height, width) / 2))
    square = np.zeros_like(acquired)
    square[height // 2 - side // 2 :, width // 2 - side // 2 :][:side, :side] = 1
    acquired = np.maximum(acquired, square)
    rows = centre_window(acquired[:, width // 2])
    return Sampling(torch.from_numpy(acquired), torch.from_numpy(rows[:, None] * centre_window(acquired[height // 2])))


def random_sampling(rng, height, width):
    """A mask as scans have them."""
    kind = rng.choice(list(KINDS), p=list(KINDS.values()))
    acceleration, calibration = int(rng.integers(ACCELERATION[0], ACCELERATION[1] + 1)), rng.uniform(*CALIBRATION)
    if kind == "poisson":
        return poisson_mask(height, width, acceleration, calibration, rng)
    return line_mask(height, kind, acceleration, calibration, rng)


def random_size(rng, sides=SIDES, native=None):
    """Height and width, even; one of them is up to a quarter shorter: a partial field of view.

    `native` is the longer side of the slice in its own pixels: a finer image would have no fine detail,
    and a network would learn that large images are smooth.
    """
    low, high = sides if native is None else (min(sides[0], native), min(sides[1], FINEST * native))
    side = 2 * round(log_uniform(rng, low, max(low, high)) / 2)
    other = side if rng.random() < 0.3 else 2 * round(side * rng.uniform(0.75, 1) / 2)
    return (side, other) if rng.random() < 0.5 else (other, side)


def blurred(image, rng):
    """An image with less detail than its pixels could show: its k-space falls off beyond a smaller band."""
    windows = []
    for size in image.shape:
        at = np.abs(np.fft.fftfreq(size)) * 2 / rng.uniform(*SHARPNESS)
        windows.append(np.exp(-np.log(2) * at**4))
    return np.fft.ifft2(np.fft.fft2(image) * windows[0][:, None] * windows[1]).astype(np.complex64)


def tissue_phase(image, rng):
    """Phase that follows the anatomy: a random function of the magnitude.

    Fat differs from water by its chemical shift, veins by their iron. A low-resolution phase cannot follow that.
    """
    levels = np.linspace(0, 1.4, 6)
    values = rng.uniform(0, TISSUE_PHASE) * rng.standard_normal(levels.size)
    return np.interp(np.abs(image), levels, values).astype(np.float32)


def scan(item, rng, size, coils, sampling=None, sigma=None):
    """A slice as a scanner gives it: tensors with a batch axis of 1, by name."""
    height, width = size
    side = max(size)
    image = random_view(item, side, rng, whole=True)
    top, left = (side - height) // 2, (side - width) // 2
    image = image[top : top + height, left : left + width]
    if rng.random() < UNLIKE:
        image = image * np.exp(1j * tissue_phase(image, rng))
    if rng.random() < BLURRED:
        image = blurred(image, rng)
    maps = random_coils(rng, coils, height, width)
    head = head_region(image)
    sampling = sampling or random_sampling(rng, height, width)
    sigma = sigma or log_uniform(rng, *NOISE)
    noise = rng.standard_normal((2, *maps.shape), np.float32)
    coil_images = torch.from_numpy(maps * image + sigma * (noise[0] + 1j * noise[1]))[None].to(torch.complex64)
    return {
        "kspace": sampling.acquired * to_kspace(coil_images, sampling.axes),
        "reference": rss(coil_images),
        "clean": torch.from_numpy(np.abs(image))[None],
        "head": torch.from_numpy(head.astype(np.float32))[None],
        "coils": torch.from_numpy(maps)[None],
        "maps": torch.from_numpy(calibrated_coils(rng, maps, head))[None],
        "sigma": torch.full((1, 1, 1), sigma),
        "sampling": sampling,
    }
