"""The prediction API's own documentation at /docs: made from its OpenAPI description, without a script or a server elsewhere."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from pipeline.errors import ChurnopsError
from pipeline.profiles.profile import Profile
from pipeline.record.champion import open_answering
from pipeline.record.opened_workspace import Opened
from pipeline.serving.customer_input import customer_input
from pipeline.serving.known_fields import ModelFields, known_in
from pipeline.shown_text import FOLD_BELOW, plain
from pipeline.tables.schema import Schema
from reports.web.review_page.guard import HEADERS
from reports.web.review_page.try_prediction import typical

_CHOICES = 20  # categories that are named


@dataclass(frozen=True)
class Address:
    """One address of the API: its request, and each status it answers with what that means."""

    method: str
    path: str
    says: str
    example: str
    statuses: tuple[tuple[str, str], ...]


def api_page(app: FastAPI, opened: Opened, model_fields: ModelFields) -> HTMLResponse:
    """The page for the API of a workspace: what each field takes, and what the champion's training data held of it. `model_fields`: of the workspace, looked up once."""
    known, profile = known_in(opened, model_fields), _training_profile(opened)
    columns = known.columns
    typical_customer = _values(profile, columns)
    addresses = tuple(
        Address(
            method.upper(), path, operation.get("description", ""), _example(operation, columns, typical_customer), _statuses(operation)
        )
        for path, operations in app.openapi()["paths"].items()
        for method, operation in operations.items()
    )
    taken = {**customer_input(known).allowed, **_seen(profile, columns)}
    fields = {name: f"{said}; may be left out" if name in known.optional else said for name, said in taken.items()}
    unknown = "passed over" if opened.settings.serving.unknown_fields == "ignore" else "refused"
    text = _environment().get_template("api_docs.html.j2").render(addresses=addresses, fields=fields, unknown=unknown)
    return HTMLResponse(text, headers=dict(HEADERS))


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("reports.web", "."), undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True
    )


def _training_profile(opened: Opened) -> Profile | None:
    """What the champion's training data were like; None while there is no champion that can be read."""
    try:
        return open_answering(opened)[1].profile()
    except ChurnopsError:
        return None


def _values(profile: Profile | None, columns: Schema) -> Mapping[str, float | str | None]:
    """A typical customer of the training data."""
    told = {} if profile is None else {name: text for name, text in typical(profile).items() if text}
    numbers = {name: float(told.get(name, 1.0)) for name in columns.numerical}
    return {**numbers, **{name: told.get(name) for name in columns.categorical}}


def _seen(profile: Profile | None, columns: Schema) -> dict[str, str]:
    """What each field takes, with the range and the categories that the training data held; rare ones, which could point at a person, are
    not named."""
    if profile is None:
        return {}
    seen = {}
    for number in profile.numerical:
        if number.name in columns.numerical and number.minimum is not None and number.maximum is not None:
            seen[number.name] = f"a number, or null; {number.minimum:,.6g} to {number.maximum:,.6g} in the training data"
    for category in profile.categorical:
        common = [plain(name) for name, count in zip(category.known, category.counts, strict=True) if count >= FOLD_BELOW]
        if category.name in columns.categorical and common:
            more = f" and {len(category.known) - _CHOICES} more" if len(category.known) > _CHOICES else ""
            seen[category.name] = f"a text, or null; known: {', '.join(common[:_CHOICES])}{more}"
    return seen


def _example(operation: Mapping[str, Any], columns: Schema, typical_customer: Mapping[str, float | str | None]) -> str:
    """A body that is taken; empty where none is sent."""
    if "requestBody" not in operation:
        return ""
    (content,) = operation["requestBody"]["content"].values()
    customer = {**({columns.id: "C-1"} if columns.id else {}), **typical_customer}
    outcome = {"id": "C-1", "churned": True, "observed_at": "2026-01-31T10:00:00+01:00"}
    offer = {"id": "C-1", "offered_at": "2026-01-31T10:00:00+01:00", "kind": "discount", "held_out": False}
    wrapped = {"customers": {"customers": [customer]}, "outcomes": {"outcomes": [outcome]}, "offers": {"offers": [offer]}}
    properties = content["schema"]["properties"]
    body = next((wrapped[name] for name in wrapped if properties.get(name, {}).get("type") == "array"), customer)
    return json.dumps(body, indent=1, ensure_ascii=False)


def _statuses(operation: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((status, answer["description"]) for status, answer in sorted(operation["responses"].items()))
