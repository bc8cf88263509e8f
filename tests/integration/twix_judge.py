"""What PyPI's twixtools or pymapvbvd reads from a Siemens file, for the tests to compare with.

twix_judge.py twixtools|mapvbvd FILE OUT: writes the samples of the image lines as complex64
[line, coil, sample] to OUT and prints JSON: their shape and, with twixtools, the directions of the
first slice (rotation of its quaternion, columns phase, readout, slice, readout and phase negated).
"""

import json
import sys

import numpy as np

tool, path, out = sys.argv[1:]
directions = None
if tool == "twixtools":
    import twixtools

    scan = twixtools.read_twix(path, verbose=False, parse_pmu=False)[-1]
    kspace = np.stack([block.data for block in scan["mdb"] if block.is_image_scan()])
    directions = scan["geometry"][0].prs_to_pcs().tolist()
else:
    import mapvbvd

    scan = mapvbvd.mapVBVD(path, quiet=True)
    image = (scan[-1] if isinstance(scan, list) else scan).image
    image.flagRemoveOS = False
    image.squeeze = True
    kspace = np.moveaxis(image[""], [2, 1, 0], [0, 1, 2])
np.ascontiguousarray(kspace.astype(np.complex64)).tofile(out)
print(json.dumps({"shape": kspace.shape, "directions": directions}))
