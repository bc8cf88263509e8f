"""Makes statistics.json: means, deviations and percentile bootstrap intervals of scipy on fixed numbers.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install numpy scipy
    cd tests/report && /tmp/venv/bin/python statistics_reference.py > statistics.json && deno fmt statistics.json

Intervals are repeated with REPEATS seeds: their mean, and the spread of one interval over the seeds, which is the Monte-Carlo error
that another generator of random numbers may show.
"""
import json
import sys

import numpy as np
import scipy
from scipy.stats import bootstrap

REPEATS = 100
RESAMPLES = 9999

CASES = {
    "two": [0.5, -0.25],
    "seven": [1.31, 0.42, 2.2, -0.17, 0.93, 1.05, 0.61],
    "skewed": [0.01, 0.02, 0.02, 0.03, 0.05, 0.08, 0.13, 0.21, 0.34, 0.55, 0.89, 1.44, 2.33],
    "hundred": [round(((37 * i) % 101 - 50) / 25 + 0.2, 3) for i in range(100)],
}


def intervals(values):
    found = []
    for seed in range(REPEATS):
        result = bootstrap(
            (np.array(values),),
            np.mean,
            n_resamples=RESAMPLES,
            confidence_level=0.95,
            method="percentile",
            random_state=np.random.default_rng(seed),
        )
        found.append([result.confidence_interval.low, result.confidence_interval.high])
    return np.array(found)


def case(name, values):
    found = intervals(values)
    return {
        "name": name,
        "values": values,
        "mean": float(np.mean(values)),
        "std": float(np.std(values, ddof=1)),
        "interval": found.mean(axis=0).tolist(),
        "deviation": found.std(axis=0, ddof=1).tolist(),
    }


json.dump(
    {
        "made": f"numpy {np.__version__}, scipy {scipy.__version__}",
        "cases": [case(name, values) for name, values in CASES.items()],
    },
    sys.stdout,
)
print()
