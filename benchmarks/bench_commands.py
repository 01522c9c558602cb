"""How long a user waits for a command, beside a Python that only loads NumPy, measured alternately in one run.

Run `python -m benchmarks.bench_commands` on an otherwise idle machine; it takes about a minute. Aims: list under 0.4 s,
check and compare of the quickstart under 1 s.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

TENURE = (sys.executable, "-m", "tenure.experiments.commands.app")
REPETITIONS = 7


def seconds(words: tuple[str, ...]) -> float:
    """Return how long a process took."""
    began = time.perf_counter()
    subprocess.run(words, check=True, capture_output=True)
    return time.perf_counter() - began


def main() -> None:
    """Print medians, and ratios to a Python that loads NumPy."""
    with tempfile.TemporaryDirectory() as folder:
        results = str(Path(folder) / "quickstart")
        sets = ("--set", "market.people=1000", "--set", "months=12", "--set", "replications=3")
        subprocess.run((*TENURE, "run", "quickstart.yaml", *sets, "-o", results), check=True, capture_output=True)
        commands = {
            "python with NumPy": (sys.executable, "-c", "import numpy"),
            "tenure list policies": (*TENURE, "list", "policies"),
            "tenure explain profit_per_customer": (*TENURE, "explain", "profit_per_customer"),
            "tenure check quickstart.yaml": (*TENURE, "check", "quickstart.yaml"),
            "tenure compare results": (*TENURE, "compare", results),
        }
        took: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(REPETITIONS):
            for name, words in commands.items():
                took[name].append(seconds(words))
    plain = median(took["python with NumPy"])
    for name, times in took.items():
        print(f"{name:<36} {median(times):6.2f} s   {median(times) / plain:5.1f} times Python with NumPy")


if __name__ == "__main__":
    main()
