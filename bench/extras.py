"""What each extra adds to an installation, in MB on disk and in packages: the table of docs/install.md.

Each is installed into a copy of one environment that holds the wheel and what it needs, in the versions of the lock. It asks for uv.
"""

import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def run(*command: str | Path) -> None:
    """A command that must succeed."""
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)


def weight(environment: Path) -> tuple[float, int]:
    """MB of its packages, with the byte code that installing compiles, and how many there are."""
    (packages,) = environment.glob("lib/python*/site-packages")
    return sum(at.stat().st_size for at in packages.rglob("*") if at.is_file()) / 1e6, len(list(packages.glob("*.dist-info")))


def main() -> None:
    """Of each extra, or of those named, a row of the table."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder)
        (wheel,) = folder.glob("*.whl")
        run("uv", "venv", folder / "plain")
        install = ("uv", "pip", "install", "--compile-bytecode", "--no-verify-hashes", "-c", ROOT / "requirements.lock", "--python")
        run(*install, folder / "plain/bin/python", wheel)
        plain, packages = weight(folder / "plain")
        print(f"churnops itself: {plain:.0f} MB, {packages} packages")
        for name in sorted(sys.argv[1:] or extras):
            copy = folder / name
            shutil.copytree(folder / "plain", copy, symlinks=True)
            try:
                run(*install, copy / "bin/python", f"{wheel}[{name}]")
            except subprocess.CalledProcessError as error:
                print(f"{name}: {error.stderr.strip().splitlines()[-1]}")
            else:
                megabytes, count = weight(copy)
                print(f"| `{name}` | {megabytes - plain:.0f} MB | {count - packages} |", flush=True)
            shutil.rmtree(copy)


if __name__ == "__main__":
    main()
