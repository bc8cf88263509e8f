"""PyTorch's times of the networks that bench/networks.ts times, with the same weights and inputs.

    python bench/networks.py FOLDER [--repeats N] [--threads N]

FOLDER holds what networks.ts wrote: denoiser.safetensors, training.safetensors, varnet.safetensors and config.json.
JSON on stdout: median seconds of each, the relative difference of the results from ours, and the MatMul rate. Needs
torch; fastMRI's own VarNet if `pip install --no-deps fastmri==0.3.0` was done.
"""

import argparse
import copy
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


def read_tensors(path):
    data = Path(path).read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + length])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        start, end = entry["data_offsets"]
        array = np.frombuffer(data[8 + length + start:8 + length + end], np.float32).copy()
        tensors[name] = torch.from_numpy(array.reshape(entry["shape"]))
    return tensors


def weights_of(tensors):
    return {name[len("weights."):]: value for name, value in tensors.items() if name.startswith("weights.")}


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.add_module("0", nn.Conv2d(width, width, 3, padding=1))
        self.add_module("1", nn.Conv2d(width, width, 3, padding=1))

    def forward(self, x):
        first, second = self._modules.values()
        return x + second(F.relu(first(F.relu(x))))


class Level(nn.Module):
    """Noise bias, blocks, and the way down or the way in from below."""

    def __init__(self, width, blocks, embedding, down=None, below=None):
        super().__init__()
        if embedding > 0:
            self.noise = nn.Conv2d(embedding, width, 1)
        for i in range(blocks):
            self.add_module(str(i), Block(width))
        self.count = blocks
        if down is not None:
            self.down = nn.Conv2d(width, down, 2, stride=2, bias=False)
        if below is not None:
            self.up = nn.ConvTranspose2d(below, width, 2, stride=2, bias=False)

    def forward(self, x, features):
        if features is not None:
            x = x + self.noise(features)
        for i in range(self.count):
            x = getattr(self, str(i))(x)
        return x


class ResidualUNet(nn.Module):
    """src/nn/residual_unet.ts."""

    def __init__(self, channels, widths, blocks, embedding):
        super().__init__()
        if embedding > 0:
            self.noise = nn.Sequential(nn.Conv2d(1, embedding, 1), nn.Conv2d(embedding, embedding, 1))
        self.embedding = embedding
        self.head = nn.Conv2d(channels, widths[0], 3, padding=1)
        last = len(widths) - 1
        self.down = nn.ModuleList(Level(widths[i], blocks[i], embedding, down=widths[i + 1]) for i in range(last))
        self.body = Level(widths[last], blocks[last], embedding)
        self.up = nn.ModuleList(Level(widths[i], blocks[i], embedding, below=widths[i + 1]) for i in range(last))
        self.tail = nn.Conv2d(widths[0], channels, 3, padding=1)

    def forward(self, x, noise):
        features = None
        if self.embedding > 0:
            features = F.relu(self.noise[1](F.relu(self.noise[0](noise))))
        h = self.head(x)
        skips = []
        for level in self.down:
            h = level(h, features)
            skips.append(h)
            h = level.down(h)
        h = self.body(h, features)
        for level in reversed(self.up):
            h = level(level.up(h) + skips.pop(), features)
        return self.tail(F.relu(h))


def coefficients(sigma, deviation):
    total = sigma**2 + deviation**2
    return deviation**2 / total, sigma * deviation / total**0.5, 1 / total**0.5, torch.log(sigma) / 4


def denoised(network, x, sigma, deviation):
    skip, out, scale, noise = coefficients(sigma, deviation)
    return skip * x + out * network(scale * x, noise)


def timed(run, repeats):
    run()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return sorted(seconds)[len(seconds) // 2]


def difference(ours, theirs):
    return float((ours - theirs).norm() / theirs.norm())


def denoiser(folder, config, repeats):
    tensors = read_tensors(folder / "denoiser.safetensors")
    network = ResidualUNet(**config["network"])
    network.load_state_dict(weights_of(tensors))
    deviation = config["sigmaData"]

    def forward():
        with torch.no_grad():
            return denoised(network, tensors["x"], tensors["sigma"], deviation)

    def gradient():
        x = tensors["x"].clone().requires_grad_()
        result = denoised(network, x, tensors["sigma"], deviation)
        return torch.autograd.grad(result, x, tensors["cotangent"])[0]

    for weight in network.parameters():
        weight.requires_grad_(False)
    return {
        "denoiser": {"seconds": timed(forward, repeats), "difference": difference(tensors["denoised"], forward())},
        "denoiser + VJP": {"seconds": timed(gradient, repeats), "difference": difference(tensors["vjp"], gradient())},
    }


def training(folder, config, repeats):
    tensors = read_tensors(folder / "training.safetensors")
    network = ResidualUNet(**config["network"])
    network.load_state_dict(weights_of(tensors))
    average = copy.deepcopy(network)
    deviation = config["sigmaData"]
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, betas=(0.9, 0.99), weight_decay=0.01)
    losses = []

    def step():
        clean, noise, sigma = tensors["clean"], tensors["noise"], tensors["sigma"]
        x = clean + sigma * noise
        skip, out, scale, level = coefficients(sigma, deviation)
        loss = F.mse_loss(network(scale * x, level), (clean - skip * x) / out)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        with torch.no_grad():
            for kept, weight in zip(average.parameters(), network.parameters()):
                kept.lerp_(weight, 0.002)
        losses.append(loss.item())

    seconds = timed(step, repeats)
    ours = float(tensors["loss"])
    return {"training step": {"seconds": seconds, "difference": abs(losses[0] - ours) / ours}}


def varnet(folder, config, repeats):
    sys.path.append(str(Path(__file__).parents[1] / "tests/unrolled/fixtures"))
    import absent  # noqa: F401  (before fastMRI)
    from fastmri.models import VarNet
    tensors = read_tensors(folder / "varnet.safetensors")
    sizes = config["varnet"]
    network = VarNet(num_cascades=sizes["cascades"], chans=sizes["channels"], pools=sizes["pools"],
                     sens_chans=sizes["sensitivityChannels"], sens_pools=sizes["sensitivityPools"])
    network.load_state_dict(weights_of(tensors), strict=False)
    hybrid = tensors["kspace"][:, 0] + 1j * tensors["kspace"][:, 1]  # coil, phase, readout; readout transformed
    shifted = torch.fft.ifftshift(hybrid, dim=-1)
    kspace = torch.fft.fftshift(torch.fft.fft(shifted, dim=-1, norm="ortho"), dim=-1).transpose(1, 2)
    kspace = torch.view_as_real(kspace.contiguous())[None]
    mask = tensors["mask"].bool().reshape(1, 1, 1, -1, 1)

    def forward():
        with torch.no_grad():
            return network(kspace, mask)

    result = forward()[0].T
    return {"VarNet": {"seconds": timed(forward, repeats), "difference": difference(tensors["result"], result)}}


def matmul(repeats):
    a = torch.randn(2048, 2048)
    return 2 * 2048**3 / timed(lambda: a @ a, max(5, repeats)) / 1e9


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    config = json.loads((arguments.folder / "config.json").read_text())
    results = {"torch": torch.__version__, "gflops": matmul(arguments.repeats)}
    for part in (denoiser, training, varnet):
        try:
            results.update(part(arguments.folder, config, arguments.repeats))
        except ImportError as missing:
            print(f"{part.__name__} is left out: {missing}", file=sys.stderr)
    print(json.dumps(results))


main()
