"""The denoiser of the samplers: the twin of `src/nn/residual_unet.ts` and `src/nn/denoiser.ts`.

The weights have Larmor's names, as in `model.safetensors` of MoDL.
"""

import torch
import torch.nn.functional as F
from torch import nn

SIGMA_DATA = 0.3490375508011893
WIDTHS, BLOCKS, EMBEDDING = (32, 64, 96, 160), (1, 1, 2, 2), 64


class Level(nn.Module):
    """Residual blocks of one level with the bias of the noise level at their entry."""

    def __init__(self, width, blocks, embedding, **joints):
        super().__init__()
        self.noise = nn.Conv2d(embedding, width, 1)
        self.blocks = blocks
        for i in range(blocks):
            pair = [nn.Conv2d(width, width, 3, padding=1) for _ in range(2)]
            nn.init.zeros_(pair[1].weight)
            nn.init.zeros_(pair[1].bias)
            self.add_module(str(i), nn.ModuleList(pair))
        for name, module in joints.items():
            self.add_module(name, module)

    def forward(self, x, features):
        h = x + self.noise(features)
        for i in range(self.blocks):
            first, second = getattr(self, str(i))
            h = h + second(F.relu(first(F.relu(h))))
        return h


class ResidualUNet(nn.Module):
    """`src/nn/residual_unet.ts`: the network inside the denoiser."""

    def __init__(self, widths=WIDTHS, blocks=BLOCKS, embedding=EMBEDDING):
        super().__init__()
        last = len(widths) - 1
        self.noise = nn.ModuleList([nn.Conv2d(1, embedding, 1), nn.Conv2d(embedding, embedding, 1)])
        nn.init.uniform_(self.noise[0].bias, -2, 2)
        self.head = nn.Conv2d(2, widths[0], 3, padding=1)
        down = lambda i: nn.Conv2d(widths[i], widths[i + 1], 2, stride=2, bias=False)
        up = lambda i: nn.ConvTranspose2d(widths[i + 1], widths[i], 2, stride=2, bias=False)
        self.down = nn.ModuleList(Level(widths[i], blocks[i], embedding, down=down(i)) for i in range(last))
        self.body = Level(widths[last], blocks[last], embedding)
        self.up = nn.ModuleList(Level(widths[i], blocks[i], embedding, up=up(i)) for i in range(last))
        self.tail = nn.Conv2d(widths[0], 2, 3, padding=1)
        nn.init.zeros_(self.tail.weight)
        nn.init.zeros_(self.tail.bias)
        self.to(memory_format=torch.channels_last)

    def forward(self, x, noise):
        features = F.relu(self.noise[1](F.relu(self.noise[0](noise))))
        h, skips = self.head(x), []
        for level in self.down:
            h = level(h, features)
            skips.append(h)
            h = level.down(h)
        h = self.body(h, features)
        for level in reversed(self.up):
            h = level(level.up(h) + skips.pop(), features)
        return self.tail(F.relu(h))


def edm(sigma, sigma_data=SIGMA_DATA):
    """The coefficients of EDM preconditioning: skip, out, in and what the network is told."""
    variance = sigma**2 + sigma_data**2
    scale = variance.rsqrt()
    return sigma_data**2 / variance, sigma * sigma_data * scale, scale, sigma.log() / 4


def flow(sigma):
    """The same four of a network that gives the velocity n - x0 at (1 - t) x0 + t n, t = sigma / (1 + sigma)."""
    t = sigma / (1 + sigma)
    return 1 - t, -t, 1 - t, t


def denoise(network, x, sigma, coefficients=edm):
    """E[x0 | x = x0 + sigma n]; sigma `[N or 1, 1, 1, 1]`. Sides that are no multiples of 8 are mirrored."""
    height, width = x.shape[-2:]
    rows, columns = -height % 8, -width % 8
    top, left = rows // 2, columns // 2
    padded = F.pad(x, (left, columns - left, top, rows - top), mode="reflect") if rows or columns else x
    skip, out, scale, noise = coefficients(sigma)
    given = network((scale * padded).contiguous(memory_format=torch.channels_last), noise)
    result = skip * padded + out * given.float()
    return result[..., top : top + height, left : left + width]
