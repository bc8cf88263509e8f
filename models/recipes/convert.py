"""Weights both ways: Larmor's model.onnx and model.safetensors, fastMRI's state dict, PyTorch.

`model.onnx` does not name its weights; they are in the order of the network's convolutions. All other
files name them as Larmor does, and so do the networks of `networks.py`.
"""

import copy
import re

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from safetensors.torch import load_file, save_file

TWIN_NOISE = 0.05  # of a kernel's deviation, between the twins of a channel


def convolutions(network):
    """The convolutions of a `ResidualUNet` in the order in which they are run."""
    blocks = lambda level: [conv for i in range(level.blocks) for conv in getattr(level, str(i))]
    order = [network.head, *network.noise]
    for level in network.down:
        order += [level.noise, *blocks(level), level.down]
    order += [network.body.noise, *blocks(network.body)]
    for level in reversed(network.up):
        order += [level.up, level.noise, *blocks(level)]
    return order + [network.tail]


def slots(model):
    """Places of the weights and biases among the initializers, convolution by convolution."""
    places = {tensor.name: i for i, tensor in enumerate(model.graph.initializer)}
    convs = [node for node in model.graph.node if node.op_type in ("Conv", "ConvTranspose")]
    return [[places[name] for name in node.input if name in places] for node in convs]


def load_onnx(network, path):
    """Reads the weights of a denoiser that Larmor wrote."""
    model = onnx.load(path)
    found = slots(model)
    order = convolutions(network)
    if len(found) != len(order):
        raise ValueError(f"{path}: {len(order)} convolutions are required, found {len(found)}")
    for conv, places in zip(order, found):
        for tensor, place in zip((conv.weight, conv.bias), places):
            value = torch.tensor(numpy_helper.to_array(model.graph.initializer[place]).copy())
            if value.shape != tensor.shape:
                raise ValueError(f"{path}: {list(tensor.shape)} is required, found {list(value.shape)}")
            tensor.data.copy_(value)


def save_onnx(network, like, path):
    """Writes a denoiser as ONNX: the graph of a file that Larmor wrote, with other weights."""
    model = copy.deepcopy(onnx.load(like))
    for conv, places in zip(convolutions(network), slots(model), strict=True):
        for tensor, place in zip((conv.weight, conv.bias), places):
            target = model.graph.initializer[place]
            values = tensor.detach().float().cpu().contiguous().numpy()
            target.CopyFrom(numpy_helper.from_array(values, target.name))
    onnx.save(model, path)


def save_weights(network, path, half=False):
    """Writes all weights by name, float32, or with `half` kernels as float16."""
    stored = lambda value: value.half() if half and value.dim() > 1 else value.float()
    state = {name: stored(value.detach()).cpu().contiguous().clone() for name, value in network.state_dict().items()}
    save_file(state, path, metadata={"format": "pt"})


def load_weights(network, path):
    """Reads weights by name, and says which were not there: a larger network keeps its own for those.

    Takes a model's folder or file, `model.onnx` included, a prior for the denoiser of MoDL, and the
    state dict of fastMRI's VarNet.
    """
    path = folder_file(str(path))
    if path.endswith(".onnx"):
        load_onnx(getattr(network, "denoiser", network), path)
        return [name for name in network.state_dict() if name.startswith("iterations.")]
    state = from_fastmri(load_file(path)) if fastmri_axes(path) else load_file(path)
    own = network.state_dict()
    state = deepened(state, cascades_of(own))
    state = {name: with_more_inputs(value, own.get(name), name) for name, value in state.items()}
    kept = {name: widened(value, own[name].shape, "transpose" in name) for name, value in state.items() if name in own}
    if any(kept[name].shape != state[name].shape for name in kept):
        print(f"{path}: widened to twice the channels", flush=True)
    for name, value in kept.items():
        if own[name].shape != value.shape:
            raise ValueError(f"{path}: {name} {list(own[name].shape)} is required, found {list(value.shape)}")
    network.load_state_dict(kept, strict=False)
    return [name for name in own if name not in kept]


def cascades_of(state):
    """How many cascades weights have."""
    return 1 + max((int(name.split(".")[1]) for name in state if name.startswith("cascades.")), default=-1)


def deepened(state, count):
    """Weights of fewer cascades as those of `count`: some stand twice, side by side, the first and the last once."""
    given = cascades_of(state)
    if not 1 < given < count:
        return state
    order = [round(i * (given - 1) / (count - 1)) for i in range(count)]
    print(f"{given} cascades as {count}: {order}", flush=True)
    part = lambda k: {name: value for name, value in state.items() if name.startswith(f"cascades.{k}.")}
    others = {name: value for name, value in state.items() if not name.startswith("cascades.")}
    renamed = lambda k, i: {name.replace(f"cascades.{k}.", f"cascades.{i}.", 1): value for name, value in part(k).items()}
    return others | {name: value for i, k in enumerate(order) for name, value in renamed(k, i).items()}


def with_more_inputs(kernel, own, name):
    """The first kernel of a U-Net that sees more images than before, which do not count at first."""
    if own is None or not name.endswith("unet.down_sample_layers.0.layers.0.weight"):
        return kernel
    return torch.nn.functional.pad(kernel, (0, 0, 0, 0, 0, max(0, own.shape[1] - kernel.shape[1])))


def widened(kernel, shape, transposed=False):
    """A kernel of a network with twice the channels that computes the same (Net2Net, Chen et al. 2016).

    Each channel stands twice, side by side, and its readers take half of each. A little noise parts the two.
    """
    if kernel.dim() < 2 or not any(2 * n == m for n, m in zip(kernel.shape, shape)):
        return kernel
    inputs = 0 if transposed else 1
    for axis in (0, 1):
        if 2 * kernel.shape[axis] == shape[axis]:
            kernel = kernel.repeat_interleave(2, axis) / (2 if axis == inputs else 1)
    return kernel + TWIN_NOISE * kernel.std() * torch.randn_like(kernel)


def folder_file(path):
    """The weights of a model's folder, or the file itself."""
    import os

    for name in ("model.onnx", "model.safetensors"):
        if os.path.isfile(os.path.join(path, name)):
            return os.path.join(path, name)
    return path


def fastmri_axes(path):
    """Whether a file was written by `to_fastmri`, or by fastMRI itself: its name ends in `.fastmri.safetensors`."""
    return path.endswith(".fastmri.safetensors")


def turned_kernels(state):
    """Kernels with their last two axes exchanged: fastMRI's images have the readout first."""
    return {k: v.transpose(-1, -2).contiguous() if v.dim() == 4 else v for k, v in state.items()}


def from_fastmri(state):
    """Larmor's weights from the state dict of `fastmri.models.VarNet`, whatever it is wrapped in."""
    named = {re.sub(r"^(?:(?:module|model|varnet)\.)*(?=(?:sens_net|cascades)\.)", "", k): v for k, v in state.items()}
    own = {k: v for k, v in named.items() if re.match(r"(sens_net|cascades)\.", k) and not k.endswith(".zero")}
    return turned_kernels(own)


def to_fastmri(state):
    """The state dict of `fastmri.models.VarNet` from Larmor's weights."""
    return turned_kernels({k: v for k, v in state.items()})
