"""Start-up: CPU and wall time of `churnops --help` and `churnops reports list`, as ratios to importing Typer and Rich alone,
with a bare Typer app of two commands beside them."""

import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROUNDS = 15
BARE = "import typer; app = typer.Typer(); app.command('a')(lambda: None); app.command('b')(lambda: None); app()"


def seconds(command: list[str]) -> tuple[float, float]:
    """CPU and wall seconds of one run of a command."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.monotonic() - began


def main() -> None:
    """Alternate the commands, so that a busy moment of the machine meets all of them."""
    churnops = shutil.which("churnops", path=str(Path(sys.executable).parent))
    if churnops is None:
        sys.exit("churnops is not installed beside this Python; run `make bench`.")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([churnops, "init", "--synthetic", "--rows", "500", "-w", folder], check=True, capture_output=True)
        commands = {
            "import typer, rich": [sys.executable, "-c", "import typer, rich"],
            "bare Typer app --help": [sys.executable, "-c", BARE, "--help"],
            "churnops --help": [churnops, "--help"],
            "churnops reports list": [churnops, "reports", "list", "-w", folder],
        }
        runs: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for _ in range(ROUNDS):
            for name, command in commands.items():
                runs[name].append(seconds(command))
    medians = {name: (median(cpu for cpu, _ in found), median(wall for _, wall in found)) for name, found in runs.items()}
    base_cpu, base_wall = medians["import typer, rich"]
    print(f"{'':24}{'CPU s':>8}{'wall s':>8}{'CPU ratio':>11}{'wall ratio':>12}")
    for name, (cpu, wall) in medians.items():
        print(f"{name:24}{cpu:8.3f}{wall:8.3f}{cpu / base_cpu:11.2f}{wall / base_wall:12.2f}")


if __name__ == "__main__":
    main()
