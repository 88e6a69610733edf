"""Tables shaped like published ones get the roles a data scientist would give them, without an edit."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pipeline.roles.inference import infer
from pipeline.tables.reading import read_raw
from tests.checkout import ROOT


def _module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("published_tables", ROOT / "bench" / "published_tables.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


PUBLISHED = _module()


@pytest.mark.parametrize("make", PUBLISHED.TABLES, ids=lambda make: make.__name__)
@pytest.mark.parametrize("rows", [700])
def test_roles_are_right_without_an_edit(make: Any, rows: int, tmp_path: Path) -> None:
    table = make(rows, 11)
    file = tmp_path / "table.csv"
    table.frame.to_csv(file, index=False)
    told = dict(zip(table.told[::2], table.told[1::2], strict=True))
    drop = [told["--drop-target"]] if "--drop-target" in told else []
    found = infer(read_raw(file), table.target, told.get("--positive", ""), drop).schema
    roles = {name: PUBLISHED.role_in(found.model_dump(), name) for name in table.roles}
    assert roles == dict(table.roles)
