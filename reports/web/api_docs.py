"""The prediction API's own documentation at /docs: made from its OpenAPI description, without a script or a server elsewhere."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from pipeline.serving.customer_input import customer_input
from pipeline.tables.schema import Schema
from reports.web.review_page.guard import HEADERS


@dataclass(frozen=True)
class Address:
    """One address of the API: its request, and each status it answers with what that means."""

    method: str
    path: str
    says: str
    example: str
    statuses: tuple[tuple[str, str], ...]


def api_page(app: FastAPI, columns: Schema) -> HTMLResponse:
    """The page for an API whose customers have these `columns`."""
    addresses = tuple(
        Address(method.upper(), path, operation.get("description", ""), _example(operation, columns), _statuses(operation))
        for path, operations in app.openapi()["paths"].items()
        for method, operation in operations.items()
    )
    text = _environment().get_template("api_docs.html.j2").render(addresses=addresses, fields=customer_input(columns).allowed)
    return HTMLResponse(text, headers=dict(HEADERS))


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("reports.web", "."), undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True
    )


def _example(operation: Mapping[str, Any], columns: Schema) -> str:
    """A body that is taken; empty where none is sent."""
    if "requestBody" not in operation:
        return ""
    (content,) = operation["requestBody"]["content"].values()
    customer = {
        **({columns.id: "C-1"} if columns.id else {}),
        **dict.fromkeys(columns.numerical, 1.0),
        **dict.fromkeys(columns.categorical, None),
    }
    outcome = {"id": "C-1", "churned": True, "observed_at": "2026-01-31T10:00:00+01:00"}
    wrapped = {"customers": {"customers": [customer]}, "outcomes": {"outcomes": [outcome]}}
    properties = content["schema"]["properties"]
    body = next((wrapped[name] for name in wrapped if properties.get(name, {}).get("type") == "array"), customer)
    return json.dumps(body, indent=1, ensure_ascii=False)


def _statuses(operation: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((status, answer["description"]) for status, answer in sorted(operation["responses"].items()))
