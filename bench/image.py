"""The image of deploy/Dockerfile without an engine: its steps one by one in folders, its size, and its commands on a root that is only read.

usage: python bench/image.py BASE ROOM   BASE is a folder made by `debootstrap --variant=minbase bookworm BASE`, ROOM becomes one with the
stages in it. It asks for root and for package indexes that can be reached. Build the wheel with `make dist` first.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What Debian's slim image leaves out of an installation, and how it tells its package manager to.
LEFT_OUT = (
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "usr/share/info",
    "usr/share/lintian",
    "var/cache/apt",
    "var/lib/apt/lists",
)
EXCLUDED = "".join(f"path-exclude=/{name}/*\n" for name in LEFT_OUT[:5])
CLEAN = 'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };\nDir::Cache::pkgcache ""; Dir::Cache::srcpkgcache "";\n'
CERTIFICATES = "var/certificates.pem"
INHERITED = re.compile(r"PIP_(?!FIND_LINKS)|.*_proxy$|.*_PROXY$")


@dataclass
class Stage:
    """One stage of the build: its folder, and what ENV, WORKDIR and USER have set."""

    folder: Path
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"})
    workdir: str = "/"
    user: str = ""
    command: list[str] = field(default_factory=list)

    def run(self, line: str) -> None:
        said = {name: value for name, value in os.environ.items() if INHERITED.match(name)}
        if "PIP_CERT" in said:
            said["PIP_CERT"] = f"/{CERTIFICATES}"
        subprocess.run(
            ["chroot", str(self.folder), "/bin/sh", "-c", f"cd {self.workdir} && {line}"],
            env={"HOME": "/root", "DEBIAN_FRONTEND": "noninteractive", **said, **self.environment},
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def copy(self, sources: list[Path], target: str) -> None:
        place = self.folder / target.lstrip("/") if target.startswith("/") else self.folder / self.workdir.lstrip("/") / target
        for source in sources:
            if source.is_dir():
                shutil.copytree(source, place, symlinks=True, dirs_exist_ok=True)
            else:
                shutil.copy2(source, place)


def instructions() -> list[tuple[str, str]]:
    """Every instruction of the Dockerfile with its words, in order."""
    lines = [line for line in (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#")]
    whole = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(name, words) for name, _, words in (line.partition(" ") for line in whole.splitlines() if line)]


def build(base: Path, room: Path) -> Stage:
    """Every instruction in turn; the last stage, with its folder in `room`."""
    stages: dict[str, Stage] = {}
    stage = Stage(room)
    for name, words in instructions():
        began = time.monotonic()
        if name == "FROM":
            stage = Stage(room / f"stage-{len(stages)}")
            stages[words.partition(" AS ")[2]] = stage
            subprocess.run(["cp", "-a", base, stage.folder], check=True)
            for left_out in LEFT_OUT:
                shutil.rmtree(stage.folder / left_out, ignore_errors=True)
            (stage.folder / "var/cache/apt/archives/partial").mkdir(parents=True)
            (stage.folder / "etc/dpkg/dpkg.cfg.d/slim").write_text(EXCLUDED)
            (stage.folder / "etc/apt/apt.conf.d/slim").write_text(CLEAN)
            shutil.copy("/etc/resolv.conf", stage.folder / "etc/resolv.conf")
            if bundle := os.environ.get("PIP_CERT"):  # of a proxy that this machine trusts
                shutil.copy(bundle, stage.folder / CERTIFICATES)
        elif name == "RUN":
            stage.run(words)
        elif name == "COPY":
            *sources, target = shlex.split(words)
            origin = ROOT
            if sources[0].startswith("--from="):
                origin = stages[sources.pop(0).removeprefix("--from=")].folder
            found = [path for source in sources for path in origin.glob(source.lstrip("/").removesuffix("/"))]
            if not found:
                sys.exit(f"COPY {words}: nothing is there")
            stage.copy(found, target)
        elif name == "ENV":
            for pair in shlex.split(words):
                key, _, value = pair.partition("=")
                stage.environment[key] = value.replace("$PATH", stage.environment["PATH"])
        elif name == "WORKDIR":
            stage.workdir = words
            (stage.folder / words.lstrip("/")).mkdir(parents=True, exist_ok=True)
        elif name == "USER":
            stage.user = words
        elif name in {"ENTRYPOINT", "CMD"}:
            stage.command += json.loads(words)
        print(f"{time.monotonic() - began:6.1f} s  {name} {words[:100]}", flush=True)
    (stage.folder / CERTIFICATES).unlink(missing_ok=True)
    return stage


def contained(stage: Stage, workspace: Path, command: list[str]) -> list[str]:
    """The command as a container runs it: as the image's user, the root only read, /tmp in memory, the workspace mounted."""
    root = stage.folder
    mounts = (
        f"mount --bind {root} {root} && mount -t proc proc {root}/proc && mount -t tmpfs tmpfs {root}/tmp"
        f" && mount --bind {workspace} {root}/workspace && mount --bind /dev {root}/dev && mount -o remount,ro,bind {root}"
    )
    inner = shlex.join(["chroot", f"--userspec={stage.user}", str(root), "/usr/bin/env", "-i", "-C", stage.workdir])
    settings = shlex.join(f"{name}={value}" for name, value in stage.environment.items())
    return ["unshare", "--mount", "sh", "-c", f"{mounts} && exec {inner} {settings} {shlex.join(command)}"]


def size(folder: Path) -> float:
    """MB of the files below, links counted once."""
    seen = {(at.st_dev, at.st_ino): at.st_size for path in folder.rglob("*") if (at := path.lstat()) and not path.is_dir()}
    return sum(seen.values()) / 1e6


STORY = (
    ["churnops", "init", "--synthetic", "--rows", "2500"],
    ["churnops", "train"],
    ["churnops", "simulate", "--scenario", "market_shift", "--rows", "1500"],
    ["churnops", "drift", "--html", "/workspace/drift.html"],
    ["churnops", "triage", "--operator", "rulebook"],
    ["churnops", "reports", "verify"],
    ["churnops", "doctor"],
)


def main() -> None:
    """Build, measure, and live the story in what was built."""
    base, room = (Path(word).resolve() for word in sys.argv[1:3])
    room.mkdir()
    stage = build(base, room)
    whole, ours = size(stage.folder), size(stage.folder / "opt")
    print(f"{whole:.0f} MB: {ours:.0f} MB of Python packages, {whole - ours:.0f} MB of Debian, Python and ssh")
    workspace = room / "workspace"
    workspace.mkdir()
    os.chown(workspace, *(int(part) for part in stage.user.split(":")))
    for command in STORY:
        began = time.monotonic()
        ran = subprocess.run(contained(stage, workspace, command), capture_output=True, text=True, check=False)
        print(f"{time.monotonic() - began:6.1f} s  {shlex.join(command)}: exit code {ran.returncode}", flush=True)
        if ran.returncode:
            sys.exit(ran.stdout[-2000:] + ran.stderr[-2000:])
    health = next(json.loads(words.partition("CMD ")[2]) for name, words in instructions() if name == "HEALTHCHECK")
    began = time.monotonic()
    with subprocess.Popen(contained(stage, workspace, stage.command)) as serving:
        while subprocess.run(contained(stage, workspace, health), capture_output=True, check=False).returncode:
            time.sleep(0.5)
        print(f"{time.monotonic() - began:6.1f} s  {shlex.join(stage.command)}: healthy", flush=True)
        serving.terminate()
    print(f"ended with {serving.returncode}")


if __name__ == "__main__":
    main()
