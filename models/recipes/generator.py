"""Trains a small generator of heads: the decoder of a variational autoencoder.

    python models/recipes/generator.py --data FOLDER --output models/NAME --minutes 20

D. P. Kingma and M. Welling, "Auto-encoding variational Bayes", ICLR 2014. Slices are cut to the head, made 64 x 64
pixels and turned, shifted and scaled a little. The decoder becomes a model folder of kind `generator` (`csgm`, `dgp`).
"""

import argparse
import hashlib
import json
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

from data import Mixture
from export import yaml_text

SIDE = 64
LATENT = 32
WIDTHS = [160, 160]  # of the hidden layers
SPREAD = 0.06  # standard deviation of an image about the decoder's, beside bright tissue at 1
RATE = 2e-3
WARM_UP = 300  # steps over which the weight of the prior rises


class Generator(nn.Module):
    """Latent vectors `[N, 32, 1, 1]` to images `[N, 1, 64, 64]`; twin of `src/generators/networks/generator.ts`."""

    def __init__(self):
        super().__init__()
        sides = [LATENT, *WIDTHS, SIDE**2]
        self.layers = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in zip(sides, sides[1:]))

    def forward(self, z):
        for layer in self.layers[:-1]:
            z = F.relu(layer(z))
        return self.layers[-1](z).reshape(-1, 1, SIDE, SIDE)


class Encoder(nn.Module):
    """Images to mean and logarithm of the variance of latent vectors; not kept."""

    def __init__(self):
        super().__init__()
        sides = [SIDE**2, *reversed(WIDTHS), 2 * LATENT]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sides, sides[1:]))

    def forward(self, x):
        x = x.flatten(1)
        for layer in self.layers[:-1]:
            x = F.relu(layer(x))
        return self.layers[-1](x).chunk(2, 1)


def head_of(image):
    """The square about the head as `[64, 64]`, a tenth wider than it; columns run along the first axis, as Larmor reads NIfTI."""
    image = image.T
    rows, columns = (np.flatnonzero((image > 0.15).mean(axis) > 0.02) for axis in (1, 0))
    if len(rows) < 16 or len(columns) < 16:
        return None
    edge = int(np.ceil(1.1 * max(rows[-1] - rows[0], columns[-1] - columns[0])))
    top, left = ((line[0] + line[-1] - edge) // 2 + edge for line in (rows, columns))
    square = np.pad(image, edge)[top:top + edge, left:left + edge]
    return F.adaptive_avg_pool2d(torch.from_numpy(square)[None], SIDE)[0].numpy()


def heads(mixture):
    """All slices as heads, with the share of the draws of each."""
    images, shares = [], []
    for source, share in zip(mixture.sources, mixture.shares):
        people = mixture.tree[source]
        for volumes in people.values():
            for volume in volumes:
                found = [head for s in volume.slices if (head := head_of(s.image.astype(np.float32))) is not None]
                images += found
                shares += [share / len(people) / len(volumes) / max(1, len(found))] * len(found)
    return torch.tensor(np.stack(images))[:, None], np.array(shares) / np.sum(shares)


def varied(images, rng):
    """Mirrored, turned up to 4 degrees, shifted up to 1 pixel and scaled up to 3 %, brightness up to 15 %."""
    count = len(images)
    angle = torch.tensor(rng.uniform(-4, 4, count) * np.pi / 180)
    scale = torch.tensor(rng.uniform(0.97, 1.03, count))
    mirror = torch.tensor(rng.choice([-1.0, 1.0], count))
    shift = torch.tensor(rng.uniform(-1, 1, (count, 2))) * 2 / SIDE
    cos, sin = scale * torch.cos(angle), scale * torch.sin(angle)
    maps = torch.stack([torch.stack([mirror * cos, -sin, shift[:, 0]], 1), torch.stack([mirror * sin, cos, shift[:, 1]], 1)], 1)
    grid = F.affine_grid(maps.float(), images.shape, align_corners=False)
    bright = torch.tensor(rng.uniform(0.85, 1.15, count)).float()[:, None, None, None]
    return F.grid_sample(images, grid, align_corners=False) * bright


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder of NIfTI volumes")
    parser.add_argument("--output", required=True, help="folder of the model")
    parser.add_argument("--files", default="*.nii.gz", help="volumes to take: a narrow class makes a sharper generator")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    mixture = Mixture(Path(args.data).glob(args.files), args.seed)
    images, shares = heads(mixture)
    print(f"{len(images)} heads of {len(mixture.volumes)} volumes", flush=True)
    encoder, decoder = Encoder(), Generator()
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], RATE)
    begin, processor, step, history = time.time(), time.process_time(), 0, []
    while (through := (time.time() - begin) / (60 * args.minutes)) < 1:
        for group in optimizer.param_groups:
            group["lr"] = RATE * (1 + np.cos(np.pi * through)) / 2
        x = varied(images[rng.choice(len(images), args.batch, p=shares)], rng)
        mean, log_variance = encoder(x)
        z = mean + torch.randn_like(mean) * torch.exp(log_variance / 2)
        y = decoder(z[..., None, None])
        error = ((x - y) ** 2).sum((1, 2, 3)).mean() / (2 * SPREAD**2)
        divergence = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(1).mean()
        loss = error + min(1.0, step / WARM_UP) * divergence
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_([*encoder.parameters(), *decoder.parameters()], 1e3)
        optimizer.step()
        step += 1
        if step % 200 == 0:
            rms = float(((x - y) ** 2).mean().sqrt())
            history.append({"step": step, "rms": rms, "divergence": float(divergence)})
            print(json.dumps(history[-1] | {"minutes": (time.time() - begin) / 60}), flush=True)
    write(args, decoder, mixture, step, time.process_time() - processor, history)


def write(args, decoder, mixture, step, seconds, history):
    """The model folder; the card is for people to write."""
    folder = Path(args.output)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "model.safetensors"
    save_file({name: tensor.detach().contiguous() for name, tensor in decoder.state_dict().items()}, file)
    description = {
        "schema": "larmor.model/1",
        "name": folder.resolve().name,
        "kind": "generator",
        "network": {"file": file.name, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()},
        "architecture": {"side": SIDE, "latent": LATENT, "hidden": WIDTHS},
        "data": {"scale": 1, "normalisation": "99th percentile of the magnitude is about 1"},
        "training": {
            "recipe": "models/recipes/generator.py",
            "steps": step,
            "batch": args.batch,
            "time": f"{int(seconds) // 3600}:{int(seconds) // 60 % 60:02}:{int(seconds) % 60:02}",
            "seed": args.seed,
            "files": args.files,
            "rate": RATE,
            "spread": SPREAD,
            "device": "cpu",
            "volumes": {s: sum(map(len, people.values())) for s, people in sorted(mixture.tree.items())},
        },
    }
    (folder / "model.yaml").write_text(yaml_text(description))
    (folder / "history.json").write_text(json.dumps(history))


if __name__ == "__main__":
    main()
