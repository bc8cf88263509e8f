"""What the reconstruction networks are trained for, as `src/unrolled/training.ts`."""

import torch

from physics import combine

OUTSIDE = 0.05  # weight of a pixel outside the head: its noise cannot be predicted
STAGE_WEIGHT = 0.75  # of the image before a stage, beside that after it
MAPS_WEIGHT = 0.5  # of the coil maps, beside the image


def image_loss(image, reference, head):
    """Mean over images of the root of the weighted mean squared error: PSNR is its logarithm."""
    weight = OUTSIDE + (1 - OUTSIDE) * head
    squares = (weight * (image - reference).square()).mean((1, 2)) / weight.mean((1, 2))
    return (squares + 1e-12).sqrt().mean()


def maps_loss(maps, coils, head):
    """Root of the part of the coils' energy that maps miss over the head, whatever their phase."""
    shared = combine(coils, maps).abs().square()
    missed = (head * (1 - shared)).mean((1, 2)) / (head.mean((1, 2)) + 1e-12)
    return (missed.relu() + 1e-5).sqrt().mean()


def given(scan):
    """What a network is given of a scan."""
    return {k: scan[k] for k in ("kspace", "sampling", "maps", "sigma", "start") if k in scan}


def recon_loss(network, scan, stage_weight=STAGE_WEIGHT, maps_weight=MAPS_WEIGHT, target="reference"):
    """Loss of the magnitude, of those after fewer stages, and of the network's maps.

    `target`: "reference", the root sum of squares of all samples with their noise, or "clean", the image.
    """
    image, stages, maps = network(**given(scan))
    loss = image_loss(image, scan[target], scan["head"])
    for before, stage in enumerate(reversed(stages)):
        if stage_weight > 0:
            loss = loss + stage_weight ** (before + 1) * image_loss(stage, scan[target], scan["head"])
    if maps is not None:
        loss = loss + maps_weight * maps_loss(maps, scan["coils"], scan["head"])
    return loss


def head_psnr(image, reference, head):
    """PSNR in dB over the head of each image, peak the largest value of the reference."""
    error = (head * (image - reference).square()).sum((1, 2)) / head.sum((1, 2))
    return 10 * torch.log10(reference.amax((1, 2)).square() / error)
