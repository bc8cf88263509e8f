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


def mixed(before, after, share):
    """(1 - share) of the first and `share` of the second, by name."""
    if before.keys() != after.keys():
        raise ValueError(f"the same weights are required, found {sorted(before.keys() ^ after.keys())[:3]}")
    return {name: ((1 - share) * value + share * after[name]).contiguous() for name, value in before.items()}


def main():
    """Writes the model between the two."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before")
    parser.add_argument("after")
    parser.add_argument("output")
    parser.add_argument("--share", type=float, default=0.5, help="of the second (0.5)")
    args = parser.parse_args()
    before, after = (load_file(Path(folder, "model.safetensors")) for folder in (args.before, args.after))
    output = Path(args.output)
    output.mkdir(parents=True, exist_ok=True)
    file = output / "model.safetensors"
    save_file(mixed(before, after, args.share), file, metadata={"format": "pt"})
    text = Path(args.after, "model.yaml").read_text()
    text = re.sub(r"(?m)^name: .*$", f"name: {output.resolve().name}", text)
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    (output / "model.yaml").write_text(re.sub(r'sha256: "?\w+"?', f'sha256: "{sha256}"', text))


if __name__ == "__main__":
    main()
