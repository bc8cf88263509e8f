"""Weights between those of two models of one kind, of which the second began with the first.

    python models/recipes/mix.py models/BEFORE models/AFTER models/NAME [--share 0.5]

Weights between may carry over better to other data than either (Wortsman et al., "Robust fine-tuning of zero-shot models",
CVPR 2022). Their cards are to be brought together by hand.
"""

import argparse
import hashlib
import re
from pathlib import Path

from safetensors.torch import load_file, save_file

from convert import load_weights, save_onnx
from denoiser import ResidualUNet


def mixed(before, after, share):
    """(1 - share) of the first and `share` of the second, by name."""
    if before.keys() != after.keys():
        raise ValueError(f"the same weights are required, found {sorted(before.keys() ^ after.keys())[:3]}")
    return {name: ((1 - share) * value + share * after[name]).contiguous() for name, value in before.items()}


def weights_of(folder):
    """The weights of a model, by name; those of a prior are in `model.onnx`."""
    if not Path(folder, "model.onnx").exists():
        return load_file(Path(folder, "model.safetensors"))
    network = ResidualUNet()
    load_weights(network, folder)
    return network.state_dict()


def save_like(weights, folder, output):
    """Writes weights as the model in `folder` has them; returns the file."""
    if not Path(folder, "model.onnx").exists():
        file = output / "model.safetensors"
        save_file(weights, file, metadata={"format": "pt"})
        return file
    network = ResidualUNet()
    network.load_state_dict(weights)
    save_onnx(network, Path(folder, "model.onnx"), output / "model.onnx")
    return output / "model.onnx"


def main():
    """Writes the model between the two."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before")
    parser.add_argument("after")
    parser.add_argument("output")
    parser.add_argument("--share", type=float, default=0.5, help="of the second (0.5)")
    args = parser.parse_args()
    output = Path(args.output)
    output.mkdir(parents=True, exist_ok=True)
    file = save_like(mixed(weights_of(args.before), weights_of(args.after), args.share), args.after, output)
    text = Path(args.after, "model.yaml").read_text()
    text = re.sub(r"(?m)^name: .*$", f"name: {output.resolve().name}", text)
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    (output / "model.yaml").write_text(re.sub(r'sha256: "?\w+"?', f'sha256: "{sha256}"', text))


if __name__ == "__main__":
    main()
