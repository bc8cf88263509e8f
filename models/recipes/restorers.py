"""Restorers: networks that are told how far an image is degraded, and give the clean one.

`cold` undoes lost lines of k-space (cold diffusion, Bansal et al. 2022), `dirac` a blur with noise
(Fabian et al. 2023). The network is a denoiser without its coarsest level, and begins with the
weights of one.
"""

import numpy as np
import torch
import torch.nn.functional as F

import convert
from denoiser import SIGMA_DATA, ResidualUNet
from physics import combine, complex_of, expand, parts_of, to_image, to_kspace
from simulate import NOISE, line_mask, random_coils
from tasks import PIXELS, Task, autocast
from views import log_uniform, planes, random_view

WIDTHS, BLOCKS, EMBEDDING = (32, 64, 96), (1, 1, 2), 64
COILS = (1, 2, 4, 8)
ACCELERATIONS = (2, 3, 4, 5, 6, 8)
BLUR = 3.0  # pixels, standard deviation at severity 1
BLUR_NOISE = 0.08  # standard deviation at severity 1, on a scale where bright tissue is 1


class Restorer(ResidualUNet):
    """The network of a restorer; `degradation` says in model.yaml what it undoes."""

    architecture = {"widths": list(WIDTHS), "blocks": list(BLOCKS), "embedding": EMBEDDING, "sigmaData": SIGMA_DATA}

    def __init__(self, degradation):
        super().__init__(WIDTHS, BLOCKS, EMBEDDING)
        self.degradation = degradation

    def begin_with(self, path):
        """Takes the weights of a denoiser, whose third level becomes the coarsest; the last layer begins at 0."""
        whole = ResidualUNet()
        convert.load_weights(whole, path)
        found = {k.replace("down.2.", "body."): v for k, v in whole.state_dict().items() if not k.startswith("body.")}
        own = self.state_dict()
        kept = {k: v for k, v in found.items() if k in own and own[k].shape == v.shape and not k.startswith("tail.")}
        self.load_state_dict(kept, strict=False)


def restore(network, x, severity):
    """The clean image from a degraded one; severity `[N, 1, 1, 1]`, from 0 to 1. Sides are multiples of 4."""
    given = network((x / SIGMA_DATA).contiguous(memory_format=torch.channels_last), severity)
    return x + SIGMA_DATA * given.float()


class Restoration(Task):
    """Batches of views and what is left of them; the loss is the mean of the images' root mean square errors."""

    SEVERITIES = (0.25, 0.5, 0.75)

    def __init__(self, args):
        args.rate = args.rate or 5e-4
        self.crops, self.size = args.crop or [96, 128], args.batch or 6
        start, args.start = args.start, None
        network = Restorer(self.about_degradation)
        if start:
            network.begin_with(start)
        super().__init__(args, network)
        args.start = start

    def batch(self, rng):
        """Degraded images, their severity, and the clean ones."""
        side = int(self.crops[rng.integers(len(self.crops))])
        count = max(1, round(self.size * PIXELS / side**2))
        triples = [self.example(self.mixture.draw(rng), side, rng) for _ in range(count)]
        return self.stacked(triples)

    def stacked(self, triples):
        degraded, severity, clean = zip(*triples)
        return torch.cat(degraded), torch.tensor(severity)[:, None, None, None].float(), torch.cat(clean)

    def loss(self, network, batch, args):
        """What makes a decibel count alike at every severity."""
        degraded, severity, clean = (tensor.to(args.device) for tensor in batch)
        with autocast(args):
            found = restore(network, degraded, severity)
        return ((found - clean).square().mean((1, 2, 3)) + 1e-8).sqrt().mean()

    def validation(self, args):
        slices, rng = self.validation_slices(args, 4)
        side = max(self.crops)
        return {t: self.stacked([self.example(item, side, rng, t) for item in slices]) for t in self.SEVERITIES}

    @torch.no_grad()
    def validate(self, network, args):
        """Mean PSNR before and after by severity, peak 1."""
        psnr = lambda a, b: float((-10 * (a - b).square().sum(1).mean((1, 2)).log10()).mean())
        quality = {}
        for t, (degraded, severity, clean) in (self.set or {}).items():
            found = restore(network, degraded.to(args.device), severity.to(args.device)).cpu()
            quality[str(t)] = [round(psnr(degraded, clean), 3), round(psnr(found, clean), 3)]
        return quality


class Cold(Restoration):
    """Lines of k-space that are lost, the outer ones first to be lost and last to come back."""

    about_degradation = {"kind": "undersampling"}

    def example(self, item, side, rng, severity=None):
        clean = torch.from_numpy(random_view(item, side, rng))[None]
        coils = int(rng.choice(COILS))
        maps = torch.from_numpy(random_coils(rng, coils, side, side))[None]
        kind = "equispaced" if rng.random() < 0.8 else "random"
        mask = line_mask(side, kind, int(rng.choice(ACCELERATIONS)), rng.uniform(0.04, 0.14), rng).acquired.clone()
        lost = np.flatnonzero(mask[:, 0].numpy() == 0)
        inner = lost[np.argsort(np.abs(lost - side // 2))]
        share = rng.uniform(0, 1) if severity is None else min(1.0, severity * side / max(1, len(lost)))
        mask[inner[: len(lost) - round(share * len(lost))]] = 1
        sigma = log_uniform(rng, *NOISE) if rng.random() < 0.7 else 0.0
        noise = rng.standard_normal((2, 1, coils, side, side), np.float32)
        images = expand(maps, clean) + sigma * torch.from_numpy(noise[0] + 1j * noise[1])
        left = combine(maps, to_image(mask * to_kspace(images, (-2,)), (-2,)))
        return parts_of(left).float(), 1 - float(mask.mean()), parts_of(clean).float()


class Dirac(Restoration):
    """A Gaussian blur round the edges, with noise; both grow in proportion to the severity."""

    about_degradation = {"kind": "gaussian-blur", "width": BLUR, "noise": BLUR_NOISE}

    def example(self, item, side, rng, severity=None):
        view = random_view(item, side, rng)
        view = np.abs(view) * rng.choice([-1, 1]) if rng.random() < 0.5 else view
        clean = planes(view.astype(np.complex64)[None])
        t = rng.uniform(0, 1) if severity is None else severity
        noise = torch.from_numpy(rng.standard_normal(clean.shape, np.float32))
        return blurred(clean, BLUR * t) + BLUR_NOISE * t * noise, t, clean


def blurred(images, width):
    """Circular convolution with a Gaussian, cut off at four widths."""
    if width < 1e-3:
        return images
    reach = int(np.ceil(4 * width))
    weights = torch.exp(-torch.arange(-reach, reach + 1).float() ** 2 / (2 * width**2))
    weights = (weights / weights.sum())[None, None]
    n, parts, height, columns = images.shape
    flat = images.reshape(n * parts, 1, height, columns)
    flat = F.conv2d(F.pad(flat, (0, 0, reach, reach), mode="circular"), weights[..., None])
    flat = F.conv2d(F.pad(flat, (reach, reach, 0, 0), mode="circular"), weights[:, :, None])
    return flat.reshape(images.shape)


RESTORERS = {"cold": Cold, "dirac": Dirac}

