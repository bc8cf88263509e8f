"""Window attention and the block of HUMUS-Net, with the authors' names of the weights.

Twins of `src/nn/swin.ts` and `src/unrolled/networks/humus_block.ts`: features are `[N, H, W, C]`,
images `[N, C, H, W]` with the phase-encode axis first.
"""

import torch
import torch.nn.functional as F
from torch import nn

from unet import ConvBlock, UpBlock, instance_norm, normalisation

APART = -100.0


def windows_of(x, w):
    """`[N H W / w^2, w^2, C]` of `[N, H, W, C]`."""
    n, h, width, c = x.shape
    return x.view(n, h // w, w, width // w, w, c).transpose(2, 3).reshape(-1, w * w, c)


def from_windows(x, shape, w):
    """The inverse."""
    n, h, width, c = shape
    return x.view(n, h // w, width // w, w, w, c).transpose(2, 3).reshape(shape)


def shifted_mask(height, width, w, device=None):
    """Scores that keep pixels from opposite borders apart, `[windows, 1, w^2, w^2]`."""
    part = lambda size: sum((torch.arange(size) >= size - edge).int() for edge in (w, w // 2))
    labels = (3 * part(height)[:, None] + part(width)).view(1, height, width, 1)
    label = windows_of(labels, w)
    return ((label != label.transpose(1, 2)) * APART)[:, None].to(device)


class WindowAttention(nn.Module):
    """Attention within windows with a bias for relative positions."""

    def __init__(self, channels, heads, w):
        super().__init__()
        self.heads = heads
        self.relative_position_bias_table = nn.Parameter(torch.randn((2 * w - 1) ** 2, heads) * 0.02)
        self.qkv, self.proj = nn.Linear(channels, 3 * channels), nn.Linear(channels, channels)
        row, column = torch.arange(w * w) // w, torch.arange(w * w) % w
        apart = lambda at: at[:, None] - at + w - 1
        self.places = (apart(row) * (2 * w - 1) + apart(column)).flatten()

    def forward(self, x, mask):
        batch, pixels, channels = x.shape
        parts = self.qkv(x).view(batch, pixels, 3, self.heads, channels // self.heads).permute(2, 0, 3, 1, 4)
        bias = self.relative_position_bias_table[self.places].view(pixels, pixels, -1).permute(2, 0, 1)
        if mask is not None:
            bias = (bias + mask).repeat(batch // len(mask), 1, 1, 1)
        seen = F.scaled_dot_product_attention(*parts, attn_mask=bias)
        return self.proj(seen.transpose(1, 2).reshape(x.shape))


class Mlp(nn.Module):
    """A perceptron."""

    def __init__(self, channels, hidden):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(channels, hidden), nn.Linear(hidden, channels)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    """Attention and a perceptron, each after a normalisation and with a skip connection."""

    def __init__(self, channels, heads, w, hidden):
        super().__init__()
        self.w = w
        self.norm1, self.norm2 = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.attn, self.mlp = WindowAttention(channels, heads, w), Mlp(channels, hidden)

    def forward(self, x, mask=None):
        shift = 0 if mask is None else self.w // 2
        h = torch.roll(self.norm1(x), (-shift, -shift), (1, 2))
        h = from_windows(self.attn(windows_of(h, self.w), mask), x.shape, self.w)
        x = x + torch.roll(h, (shift, shift), (1, 2))
        return x + self.mlp(self.norm2(x))


class Blocks(nn.Module):
    """The blocks of a group."""

    def __init__(self, depth, *sizes):
        super().__init__()
        self.blocks = nn.ModuleList(Block(*sizes) for _ in range(depth))


class Group(nn.Module):
    """Blocks, every second one with shifted windows, and a convolution with a skip connection about all."""

    def __init__(self, channels, depth, heads, w, hidden, reshape=None):
        super().__init__()
        self.residual_group = Blocks(depth, channels, heads, w, hidden)
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        if reshape is not None:
            self.reshape = reshape

    def forward(self, x, mask):
        h = x
        for i, block in enumerate(self.residual_group.blocks):
            h = block(h, mask if i % 2 else None)
        return self.conv(h.permute(0, 3, 1, 2)).permute(0, 2, 3, 1) + x


class Merge(nn.Module):
    """Blocks of 2 x 2 pixels as one of twice the channels."""

    def __init__(self, channels):
        super().__init__()
        self.norm, self.reduction = nn.LayerNorm(4 * channels), nn.Linear(4 * channels, 2 * channels, bias=False)

    def forward(self, x):
        n, h, w, c = x.shape
        blocks = x.reshape(n, h // 2, 2, w // 2, 2, c).permute(0, 1, 3, 2, 4, 5)
        return self.reduction(self.norm(blocks.reshape(n, h // 2, w // 2, 4 * c)))


class Expand(nn.Module):
    """Pixels as blocks of 2 x 2 with half the channels, joined with those of the way down."""

    def __init__(self, channels):
        super().__init__()
        self.expand = nn.Linear(2 * channels, 4 * channels, bias=False)
        self.channel_mix = nn.Linear(2 * channels, channels, bias=False)
        self.norm = nn.LayerNorm(channels)

    def forward(self, x, skip):
        n, h, w, _ = x.shape
        blocks = self.expand(x).view(n, h, w, 2, 2, -1).permute(0, 1, 4, 2, 3, 5)
        return self.norm(self.channel_mix(torch.cat([blocks.reshape(skip.shape), skip], -1)))


class Normalisation(nn.Module):
    """Of features that become tokens."""

    def __init__(self, channels):
        super().__init__()
        self.norm = nn.LayerNorm(channels)


class DownBlock(nn.Module):
    """Half the size by a convolution with stride 2, normalisation, activation."""

    def __init__(self, channels):
        super().__init__()
        self.layers = nn.ModuleDict({"0": nn.Conv2d(channels, channels, 2, stride=2, bias=False)})

    def forward(self, x):
        return F.leaky_relu(instance_norm(self.layers["0"](x)), 0.2)


class HumusBlock(nn.Module):
    """Convolutions about a U-Net of Swin groups; `residual` is not among the options: its result is the correction."""

    def __init__(self, channels=2, features=16, depths=(2, 2), heads=(2, 4), bottleneck=(2, 8), window=4):
        super().__init__()
        half, levels = features // 2, range(len(depths))
        self.window, self.multiple = window, window * 2 ** (len(depths) + 1)
        width = lambda i: features * 2**i
        group = lambda i, depth, heads, *reshape: Group(width(i), depth, heads, window, 2 * width(i), *reshape)
        self.conv_first = nn.Conv2d(channels, half, 3, padding=1)
        self.conv_down_block, self.conv_down = ConvBlock(half, features), DownBlock(features)
        self.patch_embed = Normalisation(features)
        self.layers_down = nn.ModuleList(group(i, depths[i], heads[i], Merge(width(i))) for i in levels)
        self.norm_down = nn.LayerNorm(width(len(depths)))
        self.layer_bottleneck = group(len(depths), *bottleneck)
        self.layers_up = nn.ModuleList(group(i, depths[i], heads[i], Expand(width(i))) for i in reversed(levels))
        self.norm_up = nn.LayerNorm(features)
        self.conv_after_body = nn.Conv2d(features, features, 3, padding=1)
        self.conv_up, self.conv_up_block = UpBlock(features, half), ConvBlock(features, half)
        self.conv_last = nn.Conv2d(half, channels, 3, padding=1)
        nn.init.zeros_(self.conv_last.weight)
        nn.init.zeros_(self.conv_last.bias)

    def mask(self, x):
        """None where the features are a single window high or wide."""
        single = min(x.shape[1:3]) <= self.window
        return None if single else shifted_mask(*x.shape[1:3], self.window, x.device)

    def forward(self, x):
        first = self.conv_first(x)
        down = self.conv_down(self.conv_down_block(first))
        h, skips = self.patch_embed.norm(down.permute(0, 2, 3, 1)), []
        for layer in self.layers_down:
            skips.append(layer(h, self.mask(h)))
            h = layer.reshape(skips[-1])
        h = self.layer_bottleneck(self.norm_down(h), self.mask(h))
        for layer in self.layers_up:
            h = layer.reshape(h, skips.pop())
            h = layer(h, self.mask(h))
        deep = self.conv_after_body(self.norm_up(h).permute(0, 3, 1, 2))
        return self.conv_last(self.conv_up_block(torch.cat([self.conv_up(deep), first], 1)))


class NormHumus(HumusBlock):
    """The block on images mirrored to multiples, whose parts have mean 0 and deviation 1.

    With `scaled` they keep their mean and share their scale, as of `NormUNet`.
    """

    def __init__(self, scaled=False, **sizes):
        super().__init__(**sizes)
        self.scaled = scaled

    def forward(self, x):
        height, width = x.shape[-2:]
        rows, columns = -height % self.multiple, -width % self.multiple
        top, left = rows // 2, columns // 2
        padded = F.pad(x, (left, columns - left, top, rows - top), mode="reflect")
        mean, deviation = normalisation(padded, self.scaled)
        result = super().forward((padded - mean) / deviation).float() * deviation + mean
        return result[..., top : top + height, left : left + width]
