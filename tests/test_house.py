"""The house rules that a machine can hold: light start-up, honest names, a wheel of ours alone, nothing of one machine in a file."""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from prompts import Rule, policy_rules
from tests.checkout import ROOT

PACKAGES = ("agent", "churnops_client", "pipeline", "prompts", "reports", "tools")
HEAVY = {"anthropic", "evidently", "fastapi", "mcp", "mlflow", "numpy", "pandas", "prompt_toolkit", "pydantic", "sklearn", "sqlalchemy"}
VAGUE = {"base", "common", "handler", "helper", "helpers", "manager", "misc", "processor", "util", "utils"}
LONGEST = 300
REGISTRY = re.compile(
    r"(index-url|find-links|registry *=|\"resolved\":).*https?://"
    r"|https?://[^ \"]*/(simple|packages/[0-9a-f]{2})/"
    r"|\b(pypi\.org|pythonhosted\.org|npmjs\.(org|com))\b"
)
MACHINE_PATH = re.compile(r"(^|[^A-Za-z0-9_./-])/(work|root|home/[a-z]+|Users/[A-Za-z]+)/", re.MULTILINE)


def project_files() -> list[str]:
    """What is tracked, or would be with the next `git add`."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return sorted(name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file())


def texts() -> dict[str, str]:
    return {name: (ROOT / name).read_text(encoding="utf-8", errors="ignore") for name in project_files()}


def run_python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `code` outside the checkout, where our packages are found only because the project is installed."""
    return subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd="/",
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


RUN_HELP = """
import json, os, runpy, sys
sys.argv = ["churnops", "--help"]
code = 0
try:
    runpy.run_module("churnops", run_name="__main__")
except SystemExit as stopped:
    code = stopped.code or 0
environment = {name: os.environ.get(name) for name in ("DO_NOT_TRACK", "MLFLOW_DISABLE_TELEMETRY", "OMP_WAIT_POLICY")}
print(json.dumps({"code": code, "modules": sorted(sys.modules), "environment": environment}))
"""


@pytest.mark.parametrize("code", ["import agent.cli, json, sys; print(json.dumps({'modules': sorted(sys.modules)}))", RUN_HELP])
def test_start_up_imports_nothing_heavy(code: str) -> None:
    ran = run_python(code)
    assert ran.returncode == 0, ran.stderr
    loaded = json.loads(ran.stdout.splitlines()[-1])["modules"]
    assert "agent.cli" in loaded
    assert not HEAVY & set(loaded)


def test_a_package_on_pythonpath_shadows_none_of_ours(tmp_path: Path) -> None:
    for name in PACKAGES:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('shadowed')\n")
    inherited = os.environ.get("PYTHONPATH", "")
    ran = run_python(RUN_HELP, PYTHONPATH=f"{tmp_path}{os.pathsep}{inherited}")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout.splitlines()[-1])["code"] == 0


def test_the_console_script_turns_telemetry_and_spinning_threads_off() -> None:
    names = "('DO_NOT_TRACK', 'MLFLOW_DISABLE_TELEMETRY', 'OMP_WAIT_POLICY')"
    ran = run_python(f"import os\nfor name in {names}: os.environ.pop(name, None)\n" + RUN_HELP)
    assert ran.returncode == 0, ran.stderr
    environment = json.loads(ran.stdout.splitlines()[-1])["environment"]
    assert environment == {"DO_NOT_TRACK": "1", "MLFLOW_DISABLE_TELEMETRY": "true", "OMP_WAIT_POLICY": "PASSIVE"}


def test_every_file_name_says_what_is_in_it() -> None:
    vague = [name for name in project_files() if name.endswith(".py") and Path(name).stem in VAGUE]
    assert vague == []


@pytest.mark.parametrize("package", PACKAGES)
def test_two_classes_of_a_package_never_share_a_name(package: str) -> None:
    places: dict[str, list[str]] = {}
    for path in sorted((ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_every_shipped_file_can_be_read_in_one_sitting() -> None:
    long = {
        name: lines
        for name, text in texts().items()
        if name.endswith(".py") and name.startswith(PACKAGES) and (lines := len(text.splitlines())) > LONGEST
    }
    assert long == {}


def test_no_file_names_a_registry_host() -> None:
    assert {name: found.group() for name, text in texts().items() if (found := REGISTRY.search(text))} == {}


def test_no_file_names_a_path_of_one_machine() -> None:
    assert {name: found.group() for name, text in texts().items() if (found := MACHINE_PATH.search(text))} == {}


@pytest.mark.parametrize("rule", policy_rules(), ids=lambda rule: rule.name)
def test_every_policy_value_has_a_reason(rule: Rule) -> None:
    assert len(rule.reason.split()) > 1, f"{rule.name} stands in policy.toml without a reason behind it"


def test_every_dependency_has_a_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    declared = tomllib.loads(text)
    groups = [
        declared["project"]["dependencies"],
        *declared["project"]["optional-dependencies"].values(),
        *declared["dependency-groups"].values(),
    ]
    named = [name for group in groups for name in group]
    bare = [name for name in named if not re.search(rf'^.*"{re.escape(name)}".*# \w.+$', text, re.MULTILINE)]
    assert bare == []


def test_the_lock_knows_every_dependency_by_hash() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    entries = [entry for entry in re.split(r"\n(?=\S)", lock) if not entry.startswith("#")]
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    locked = {entry.split("==")[0] for entry in entries}
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    named = {re.split(r"[\[<>=]", item)[0] for item in (*declared["project"]["dependencies"], *declared["dependency-groups"]["dev"])}
    assert named <= locked


def test_the_wheel_holds_our_packages_whole_and_nothing_else(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path], cwd=ROOT, capture_output=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    ours = {name for name in project_files() if name == "churnops.py" or name.split("/")[0] in PACKAGES}
    assert held == ours
    assert {Path(name).suffix for name in held} <= {".css", ".html", ".j2", ".js", ".md", ".py", ".toml", ".tsv", ".typed"}
