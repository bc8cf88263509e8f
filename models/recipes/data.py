"""Slices of NIfTI volumes, drawn in balance.

The name of a file tells what it is: `source_person_...nii.gz`.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np

COARSEST = 1.6  # mm; coarser slices are left out
SMALLEST = 100  # pixels; smaller slices are left out
FIELD_OF_VIEW = 230.0  # mm, assumed where a file gives no pixel size
SLICES = 24  # most slices of a volume along one axis
LARGEST_SHARE = 0.15  # of the draws, for one source
NOISIEST = 0.05  # slices with more noise than this part of bright tissue are left out


@dataclass
class Slice:
    """A slice on a scale where its 99th percentile is 1."""

    image: np.ndarray
    pixel: float
    noise: float


@dataclass
class Volume:
    """The slices of a file; `source` is what the name begins with, `person` the part after it."""

    name: str
    source: str
    person: str
    slices: list


def read_volume(path, rng, most=SLICES):
    """All useful slices of a file, along each axis whose pixels are square and fine enough."""
    file = nibabel.load(path)
    array = np.abs(np.asarray(file.dataobj, np.float32)).squeeze()
    if array.ndim == 4:
        array = array[..., 0]
    zooms = np.array(file.header.get_zooms()[:3], float)
    known = file.header["sform_code"] > 0 or file.header["qform_code"] > 0
    slices = []
    for axis in range(array.ndim if array.ndim == 3 else 0):
        plane = [a for a in range(3) if a != axis]
        sides = [array.shape[a] for a in plane]
        pixels = zooms[plane] if known else np.full(2, FIELD_OF_VIEW / max(sides))
        square = max(pixels) / min(pixels) < 1.15 and max(pixels) < COARSEST
        if min(sides) >= SMALLEST and square:
            slices += useful(np.moveaxis(array, axis, 0), float(pixels.mean()), rng, most)
    stem = re.sub(r"\.nii(\.gz)?$", "", Path(path).name)
    parts = stem.split("_")
    return Volume(stem, parts[0], parts[1] if len(parts) > 1 else "", slices)


def useful(stack, pixel, rng, most):
    """Slices that show tissue and are not too noisy, at random if there are too many."""
    scales = np.array([np.percentile(image[::2, ::2], 99) for image in stack])
    bright = np.flatnonzero(scales > 0.35 * scales.max()) if scales.max() > 0 else []
    found = []
    for i in rng.permutation(bright):
        image = stack[i] / scales[i]
        level = noise_level(image)
        if (image > 0.2).mean() > 0.05 and level < NOISIEST:
            found.append(Slice(image.astype(np.float16), pixel, level))
        if len(found) == most:
            break
    return found


def noise_level(image):
    """Standard deviation of what differs diagonally between neighbours in tissue: an upper bound of noise."""
    rows, columns = image.shape[0] // 2 * 2, image.shape[1] // 2 * 2
    a = image[:rows, :columns]
    detail = (a[::2, ::2] - a[1::2, ::2] - a[::2, 1::2] + a[1::2, 1::2]) / 2
    tissue = (a[::2, ::2] + a[1::2, 1::2]) / 2 > 0.25
    return float(np.median(np.abs(detail[tissue])) / 0.6745) if tissue.any() else 0.0


class Mixture:
    """Draws a source, then a person, then a volume, then a slice.

    A source counts by the square root of its number of volumes, and at most `LARGEST_SHARE`, so that
    neither one large study nor one person decides what the network takes for a head.
    """

    def __init__(self, paths, seed=0, most=SLICES):
        rng = np.random.default_rng(seed)
        volumes = [read_volume(path, rng, most) for path in sorted(map(str, paths))]
        self.volumes = [volume for volume in volumes if volume.slices]
        if not self.volumes:
            raise ValueError("volumes whose slices show tissue are required, found none")
        self.tree = {}
        for volume in self.volumes:
            self.tree.setdefault(volume.source, {}).setdefault(volume.person, []).append(volume)
        self.sources = sorted(self.tree)
        counts = [sum(map(len, self.tree[s].values())) for s in self.sources]
        self.shares = capped(np.sqrt(counts), LARGEST_SHARE)

    def draw(self, rng):
        """A random slice."""
        people = self.tree[self.sources[rng.choice(len(self.sources), p=self.shares)]]
        volumes = people[sorted(people)[rng.integers(len(people))]]
        slices = volumes[rng.integers(len(volumes))].slices
        return slices[rng.integers(len(slices))]


def capped(weights, most):
    """Weights as shares of 1, none above `most` if there are enough of them."""
    shares = np.array(weights, float) / np.sum(weights)
    most = max(most, 1 / len(shares))
    for _ in range(100):
        shares = np.minimum(shares, most)
        shares /= shares.sum()
    return shares
