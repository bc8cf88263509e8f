"""The U-Net as fastMRI builds it, with the names of its state dict: the twin of `src/unrolled/unet.ts`."""

import torch
import torch.nn.functional as F
from torch import nn


def instance_norm(x):
    """Each channel of each image to mean 0 and variance 1."""
    return F.instance_norm(x, eps=1e-5)


class ConvBlock(nn.Module):
    """Twice convolution, normalisation of each channel, activation. fastMRI numbers its layers so."""

    def __init__(self, inputs, outputs):
        super().__init__()
        conv = lambda channels: nn.Conv2d(channels, outputs, 3, padding=1, bias=False)
        self.layers = nn.ModuleDict({"0": conv(inputs), "4": conv(outputs)})

    def forward(self, x):
        for conv in self.layers.values():
            x = F.leaky_relu(instance_norm(conv(x)), 0.2)
        return x


class UpBlock(nn.Module):
    """A transposed convolution to twice the size, normalisation, activation."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.layers = nn.ModuleDict({"0": nn.ConvTranspose2d(inputs, outputs, 2, stride=2, bias=False)})

    def forward(self, x):
        return F.leaky_relu(instance_norm(self.layers["0"](x)), 0.2)


class UNet(nn.Module):
    """The U-Net as fastMRI builds it, with the names of its state dict."""

    def __init__(self, inputs, outputs, channels, pools, zero=False):
        super().__init__()
        widths = [channels * 2**level for level in range(pools + 1)]
        self.down_sample_layers = nn.ModuleList(
            ConvBlock(a, b) for a, b in zip([inputs, *widths], widths[:-1])
        )
        self.conv = ConvBlock(widths[-2], widths[-1])
        self.up_transpose_conv = nn.ModuleList(UpBlock(2 * w, w) for w in widths[-2::-1])
        blocks = [ConvBlock(2 * w, w) for w in widths[-2::-1]]
        last = nn.Conv2d(channels, outputs, 1)
        if zero:
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)
        self.up_conv = nn.ModuleList([*blocks[:-1], nn.Sequential(blocks[-1], last)])

    def forward(self, x):
        skips = []
        for block in self.down_sample_layers:
            x = block(x)
            skips.append(x)
            x = F.avg_pool2d(x, 2)
        x = self.conv(x)
        for up, block in zip(self.up_transpose_conv, self.up_conv):
            skip = skips.pop()
            x = up(x)
            rows, columns = (a - b for a, b in zip(skip.shape[-2:], x.shape[-2:]))
            x = F.pad(x, (0, columns, 0, rows), mode="reflect") if rows or columns else x
            x = block(torch.cat([x, skip], 1))
        return x


def normalisation(x, scaled):
    """What is taken off each part, and what it is divided by; with `scaled` nothing, and the same for both."""
    if scaled:
        return 0.0, (x.square().mean((-3, -2, -1), keepdim=True) + 1e-12).sqrt()
    return x.mean((-2, -1), keepdim=True), x.std((-2, -1), keepdim=True)


class NormUNet(nn.Module):
    """A U-Net on images whose parts have mean 0 and deviation 1, padded with zeros to multiples of 16.

    With `scaled` they keep their mean and share their scale: then a U-Net that gives 0 changes nothing.
    With `beside` it sees a second image on the same scale.
    """

    def __init__(self, channels, pools, zero=False, scaled=False, beside=False):
        super().__init__()
        self.unet, self.scaled = UNet(4 if beside else 2, 2, channels, pools, zero), scaled

    def forward(self, x, beside=None):
        height, width = x.shape[-2:]
        mean, deviation = normalisation(x, self.scaled)
        rows, columns = -height % 16, -width % 16
        top, left = rows // 2, columns // 2
        shown = (x - mean) / deviation
        if beside is not None:
            shown = torch.cat([shown, beside / deviation], 1)
        padded = F.pad(shown, (left, columns - left, top, rows - top))
        result = self.unet(padded).float()
        return result[..., top : top + height, left : left + width] * deviation + mean
