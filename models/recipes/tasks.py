"""The networks by name, each with its batches, its loss and its validation."""

import functools
import inspect
from pathlib import Path

import numpy as np
import torch

import convert
from data import Mixture
from denoiser import ResidualUNet, denoise, edm, flow
from networks import Humus, ImageUNet, Modl, Neumann, RefiningUNet, SolvedHumus, SolvedVarNet, VarNet
from objectives import given, head_psnr, recon_loss
from physics import compressed, model_sigma
from simulate import COILS, SIDES, line_mask, random_size, scan, tissue_phase
from views import log_uniform, planes, random_view

SIGMA_RANGE = (0.003, 30.0)
UNLIKE_VIEWS = 0.4  # of the prior's views have tissues of unlike phase
VALIDATION_SEED = 2026
POOL = 100  # scans that are kept for further use
VIRTUAL_COILS = 6  # of scans whose maps are not trained: as good as all, in half the time
PIXELS = 128 * 128  # a step has as many pixels as `batch` images of 128 x 128


def volumes(folder):
    """NIfTI files of a folder."""
    return sorted(path for path in Path(folder).glob("*.nii*"))


def autocast(args):
    """Mixed precision, if it is wanted."""
    return torch.autocast(args.device.split(":")[0], torch.bfloat16, enabled=args.precision == "bfloat16")


def sigma_drawn(rng):
    """A noise level: log-normal about 0.15, a fifth log-uniform over the whole range."""
    if rng.random() < 0.2:
        return log_uniform(rng, *SIGMA_RANGE)
    return float(np.clip(0.15 * np.exp(1.4 * rng.standard_normal()), *SIGMA_RANGE))


class Task:
    """What all networks share."""

    def __init__(self, args, network):
        self.mixture = Mixture(volumes(args.data), args.seed)
        self.network = network
        if args.start:
            missing = convert.load_weights(self.network, args.start)
            print(f"{args.start}: {len(missing)} tensors are not in it and begin untrained", flush=True)
        self.args = args

    @functools.cached_property
    def set(self):
        """What is validated on; made when first asked for, as scans begin with the network's own maps, which a resumed run has by then."""
        return self.validation(self.args) if Path(self.args.validation).is_dir() else None

    def about(self):
        """A few words for the log."""
        shares = {s: round(float(p), 3) for s, p in zip(self.mixture.sources, self.mixture.shares)}
        return f"{len(self.mixture.volumes)} volumes, shares {shares}"

    def validation_slices(self, args, each):
        """As many slices of each source of the validation volumes, the same for every run."""
        rng = np.random.default_rng(VALIDATION_SEED)
        mixture = Mixture(volumes(args.validation), VALIDATION_SEED, 6)
        groups = [[item for v in mixture.volumes if v.source == s for item in v.slices] for s in mixture.sources]
        return [group[rng.integers(len(group))] for _ in range(each) for group in groups], rng


class Prior(Task):
    """The denoiser of the samplers, by the loss of EDM."""

    LEVELS = (0.02, 0.05, 0.1, 0.2, 0.5)
    coefficients = staticmethod(edm)

    def __init__(self, args):
        args.rate = args.rate or 5e-4
        self.crops, self.size = args.crop or [96, 128, 160], args.batch or 12
        super().__init__(args, ResidualUNet())

    def batch(self, rng):
        """Images, noise and its levels."""
        side = int(self.crops[rng.integers(len(self.crops))])
        count = max(1, round(self.size * PIXELS / side**2))
        views = np.stack([self.view(side, rng) for _ in range(count)])
        sigma = np.array([sigma_drawn(rng) for _ in range(count)], np.float32)
        noise = rng.standard_normal((count, 2, side, side), np.float32)
        return planes(views), torch.from_numpy(noise), torch.from_numpy(sigma)[:, None, None, None]

    def view(self, side, rng):
        """An image `[side, side]`."""
        image = random_view(self.mixture.draw(rng), side, rng)
        return image * np.exp(1j * tissue_phase(image, rng)) if rng.random() < UNLIKE_VIEWS else image

    def loss(self, network, batch, args):
        """The squared error of what the network gives, which weighs all noise levels alike."""
        clean, noise, sigma = (tensor.to(args.device) for tensor in batch)
        noisy = clean + sigma * noise
        skip, out, scale, told = self.coefficients(sigma)
        with autocast(args):
            given = network((scale * noisy).contiguous(memory_format=torch.channels_last), told)
        return (given.float() - (clean - skip * noisy) / out).pow(2).mean()

    def validation(self, args):
        """Views and their noise."""
        slices, rng = self.validation_slices(args, 5)
        side = 192 if max(self.crops) >= 96 else max(self.crops)
        clean = planes(np.stack([random_view(item, side, rng) for item in slices]))
        return clean, torch.from_numpy(rng.standard_normal(clean.shape).astype(np.float32))

    @torch.no_grad()
    def validate(self, network, args):
        """Mean PSNR of the views by noise level, peak 1."""
        quality = {}
        for sigma in self.LEVELS if self.set else ():
            found = []
            for clean, noise in zip(*(part.split(8) for part in self.set)):
                clean, noise = clean.to(args.device), noise.to(args.device)
                with autocast(args):
                    level = torch.full((1, 1, 1, 1), sigma, device=args.device)
                    result = denoise(network, clean + sigma * noise, level, self.coefficients)
                found += (-10 * (result - clean).pow(2).sum(1).mean((1, 2)).log10()).tolist()
            quality[str(sigma)] = round(float(np.mean(found)), 3)
        return quality


class Flow(Prior):
    """The same denoiser by the loss of flow matching (Lipman et al. 2023): the squared error of the velocity."""

    coefficients = staticmethod(flow)


class Reconstruction(Task):
    """A network from samples to a magnitude; `batch` scans make a step, one after the other."""

    SAMPLINGS = {"R=4": (4, 0.1), "R=8": (8, 0.07)}

    def __init__(self, args, network, rate):
        args.rate = args.rate or rate
        self.sides, self.size = args.crop or SIDES, args.batch or 2
        self.reuse, self.pool = args.reuse, []
        super().__init__(args, network)

    def batch(self, rng):
        """Scans of one size each."""
        return [self.drawn(rng) for _ in range(self.size)]

    def drawn(self, rng):
        """A new scan, or one of the last, so that each is used `reuse` times."""
        if self.pool and rng.random() >= 1 / self.reuse:
            return self.pool[rng.integers(len(self.pool))]
        chosen = self.mixture.draw(rng)
        size = random_size(rng, (min(self.sides), max(self.sides)), max(chosen.image.shape))
        item = self.begun(scan(chosen, rng, size, int(rng.choice(COILS))))
        if self.reuse > 1:
            self.pool = [*self.pool, item][-POOL:]
        return item

    def begun(self, item):
        """A scan with what a network makes of it that is not trained."""
        if "sigma" in inspect.signature(self.network.forward).parameters:
            item["sigma"] = model_sigma(*(item[key] for key in ("kspace", "sampling", "maps", "sigma")))
            if hasattr(self.network, "begin"):
                item["maps"], item["start"] = self.network.begin(*(item[key] for key in ("kspace", "sampling", "maps", "sigma")))
            item["kspace"], item["maps"] = compressed(item["kspace"], item["maps"], VIRTUAL_COILS)
        return item

    def loss(self, network, batch, args):
        """Mean of the scans' losses, of which all but the last are differentiated here to save memory."""
        total = 0.0
        for i, item in enumerate(batch):
            with autocast(args):
                loss = recon_loss(network, moved(item, args.device), args.stages, target=args.target) / len(batch)
            total = total + loss.detach()
            if i < len(batch) - 1:
                loss.backward()
        return loss + (total - loss.detach())

    def validation(self, args):
        """Scans at two accelerations."""
        slices, rng = self.validation_slices(args, 2)
        size = min(160, max(self.sides))
        seeds = rng.integers(1 << 30, size=len(slices))
        make = lambda item, seed, name: scan(
            item, np.random.default_rng(seed), (size, size), 8, line_mask(size, "equispaced", *self.SAMPLINGS[name]), 0.015
        )
        return {name: [self.begun(make(*pair, name)) for pair in zip(slices, seeds)] for name in self.SAMPLINGS}

    @torch.no_grad()
    def validate(self, network, args):
        """Mean PSNR over the head by acceleration."""
        quality = {}
        for name, scans in (self.set or {}).items():
            found = []
            for item in (moved(item, args.device) for item in scans):
                with autocast(args):
                    image = network(**given(item))[0]
                found += head_psnr(image, item["reference"], item["head"]).tolist()
            quality[name] = round(float(np.mean(found)), 3)
        return quality


def moved(item, device):
    """A scan on a device."""
    return {name: value.to(device) for name, value in item.items()}


def varnet(args):
    """The variational network, as published or with solved steps of data consistency."""
    if args.solved:
        return SolvedVarNet(args.cascades or 4, args.channels or 16, shared=args.shared)
    return VarNet(args.cascades or 8)


TASKS = {
    "prior": Prior,
    "flow": Flow,
    "varnet": lambda args: Reconstruction(args, varnet(args), 3e-4),
    "humus": lambda args: Reconstruction(
        args, (SolvedHumus if args.solved else Humus)(args.cascades or 3, args.channels or 16), 3e-4
    ),
    "modl": lambda args: Reconstruction(
        args, Modl(args.cascades or 10, args.cg or 8, args.dual, args.relaxation, args.averaged), 1e-4
    ),
    "neumann": lambda args: Reconstruction(
        args, Neumann(args.cascades or 6, 10 if args.cg is None else args.cg, args.channels or 16), 5e-4
    ),
    "unet": lambda args: Reconstruction(args, ImageUNet() if args.zero_filled else RefiningUNet(), 1e-3),
}
