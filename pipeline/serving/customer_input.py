"""What a caller may say of a customer: a strict type made of the workspace's columns, and what is wrong with what it does not take."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from sys import float_info
from types import MappingProxyType
from typing import Annotated, Any, Literal, NotRequired, TypeVar, cast

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import from_json
from typing_extensions import TypedDict

from pipeline.canonical_json import RepeatedKey, json_once
from pipeline.clock import in_utc
from pipeline.serving.json_items import holds_more_items
from pipeline.serving.known_fields import KnownFields
from pipeline.tables.cell_numbers import GREATEST
from pipeline.tables.missing import present

LONGEST_TEXT = 200  # characters; a category is a name or a code, not an essay
MOST_CUSTOMERS = 1_000  # in one batch: scored in a tenth of a second, so nobody waits long behind it
_BATCH: Mapping[str, str] = MappingProxyType({"customers": f"a list of 1 to {MOST_CUSTOMERS:,} customers"})
_MOST_WRONGS = 100
_SPARE_ITEMS = 1_000  # of a customer alone, beyond the known fields: what is wrong is named, as far as it goes
_SPARE_IN_BATCH = 16  # of each customer, on average
_OBJECT = "a JSON object with the fields that /docs names"
ALLOWED_ID = f"a text of 1 to {LONGEST_TEXT} characters, or a whole number; not a word for a missing value"
_SHOWN_NAMES = 40
_SHOWN_CHARACTERS = 100
_NO_NULL_CHARACTER = r"^[^\x00]*$"  # no database takes it

CustomerRow = Mapping[str, float | str | None]
_Read = TypeVar("_Read")


class Wrong(BaseModel, frozen=True):
    """One thing that was not taken. `row` counts from 0 in a batch; `rule` names what was broken, `allowed` says what would be taken."""

    row: int | None = None
    field: str
    rule: str
    allowed: str


class InputError(Exception):
    """A body that was not taken, with everything that is wrong with it."""

    def __init__(self, wrong: tuple[Wrong, ...]) -> None:
        super().__init__(f"{len(wrong)} fields were not taken")
        self.wrong = wrong


@dataclass(frozen=True)
class CustomerInput:
    """The type of one customer and of a batch, and what each field takes, in words."""

    one: TypeAdapter[CustomerRow]
    batch: TypeAdapter[Mapping[str, list[Any]]]
    allowed: Mapping[str, str]

    def read(self, body: bytes) -> CustomerRow:
        """One customer: the id where the workspace has one, and every feature that is not optional.

        Raises:
            InputError: it is no JSON object of these fields and types.
        """
        return _checked(self.one, _json(body, len(self.allowed) + _SPARE_ITEMS, _OBJECT), self.allowed)

    def read_batch(self, body: bytes) -> list[CustomerRow]:
        """The customers of `{"customers": [...]}`; errors as `read`. Looks no further once there is more wrong than is told."""
        found = _json(body, MOST_CUSTOMERS * (len(self.allowed) + _SPARE_IN_BATCH), _BATCH["customers"])
        rows, wrong = list[CustomerRow](), list[Wrong]()
        for place, told in enumerate(_checked(self.batch, found, _BATCH)["customers"]):
            try:
                rows.append(_checked(self.one, told, self.allowed, place))
            except InputError as error:
                wrong += error.wrong
                if len(wrong) >= _MOST_WRONGS:
                    break
        if wrong:
            raise InputError(tuple(wrong[:_MOST_WRONGS]))
        return rows


def customer_input(known: KnownFields, *, ignores_unknown: bool = False) -> CustomerInput:
    """The input of a workspace where these fields are known. A category of whole numbers is taken as a JSON number, too."""
    columns = known.columns
    fields: dict[str, Any] = {}
    allowed: dict[str, str] = {}
    if columns.id is not None:
        fields[columns.id] = CustomerId
        allowed[columns.id] = ALLOWED_ID
    for name in columns.numerical:
        fields[name] = NotRequired[_NUMBER] if name in known.optional else _NUMBER
        allowed[name] = f"a number from {-GREATEST:g} to {GREATEST:g}, or null"
    for name in columns.categorical:
        whole = name in known.whole
        taken = _CODE if whole else _TEXT
        fields[name] = NotRequired[taken] if name in known.optional else taken
        allowed[name] = f"a text of at most {LONGEST_TEXT} characters, none of them U+0000{', a whole number' if whole else ''}, or null"
    # A typed dictionary takes any name for a field, as columns have any.
    batch = _strict("Customers", {"customers": Annotated[list[Any], Field(min_length=1, max_length=MOST_CUSTOMERS)]})
    customer = _strict("Customer", fields, extra="ignore" if ignores_unknown else "forbid")
    return CustomerInput(TypeAdapter(customer), TypeAdapter(batch), allowed)


def check_items(body: bytes, most: int, allowed: str) -> None:
    """Before anything is made of a body.

    Raises:
        InputError: it holds more than `most` items, as `holds_more_items` counts them, or a key twice; `allowed` says in words what may be
            sent.
    """
    if holds_more_items(body, most):
        raise InputError((Wrong(field="", rule="too_many_items", allowed=allowed),))
    try:
        json_once(body)
    except RepeatedKey as error:
        raise InputError((Wrong(field="", rule="repeated_key", allowed="each key of an object once"),)) from error
    except (ValueError, RecursionError):
        return  # whoever reads it says so


def wrongs(error: ValidationError, allowed: Mapping[str, str], of_rows: Mapping[str, str] = MappingProxyType({})) -> tuple[Wrong, ...]:
    """What pydantic found, as callers are told it: fields, rules and what is allowed, never the values; the first hundred findings.

    Args:
        error: of a body.
        allowed: what each field of the body takes.
        of_rows: what each field of a row takes, where the body is a list of rows.
    """
    found = error.errors(include_url=False, include_input=False)[:_MOST_WRONGS]
    return tuple(dict.fromkeys(_wrong(one["type"], one["loc"], allowed, of_rows) for one in found))


def _wrong(rule: str, place: tuple[int | str, ...], allowed: Mapping[str, str], of_rows: Mapping[str, str]) -> Wrong:
    row = next((part for part in place if isinstance(part, int)), None)
    inside = place if row is None else place[place.index(row) + 1 :]
    if not inside:
        return Wrong(row=row, field="", rule=rule, allowed=_OBJECT)
    field, known = str(inside[0]), allowed if row is None else of_rows
    if field in known:
        return Wrong(row=row, field=field, rule=rule, allowed=known[field])
    names = list(known)
    more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
    return Wrong(row=row, field=field[:_SHOWN_CHARACTERS], rule="unknown_field", allowed=f"only {', '.join(names[:_SHOWN_NAMES])}{more}")


def _json(body: bytes, most: int, allowed: str) -> Any:
    check_items(body, most, allowed)
    try:
        return from_json(body)
    except ValueError as error:
        raise InputError((Wrong(field="", rule="json_invalid", allowed=_OBJECT),)) from error


def _checked(reader: TypeAdapter[_Read], told: Any, allowed: Mapping[str, str], row: int | None = None) -> _Read:
    """What `reader` makes of a value; else InputError. Values and not their JSON text, in which the validator would look for each known field
    among all that were sent."""
    if isinstance(told, dict) and len(told) > len(allowed) + _MOST_WRONGS:
        raise InputError((Wrong(row=row, field="", rule="too_many_fields", allowed=_OBJECT),))
    try:
        return reader.validate_python(told)
    except ValidationError as error:
        raise InputError(tuple(one.model_copy(update={"row": row}) for one in wrongs(error, allowed))) from error


def _strict(name: str, fields: Mapping[str, Any], extra: Literal["forbid", "ignore"] = "forbid") -> Any:
    made = cast(Any, TypedDict)(name, dict(fields))
    made.__pydantic_config__ = ConfigDict(extra=extra, strict=True)
    return made


def _number_as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _no_float_is_as_great(value: object) -> object:
    return inf if isinstance(value, int) and value.bit_length() > float_info.max_exp else value


def _id(text: str) -> str:
    found = present(text)
    if found is None:
        raise ValueError("a missing value")
    return found


_Text = Annotated[str, StringConstraints(max_length=LONGEST_TEXT, pattern=_NO_NULL_CHARACTER)]
_TextOrNumber = Annotated[_Text, BeforeValidator(_number_as_text, json_schema_input_type=str | int)]
_TEXT, _CODE = _Text | None, _TextOrNumber | None
CustomerId = Annotated[_TextOrNumber, StringConstraints(min_length=1), AfterValidator(_id)]
Moment = Annotated[AwareDatetime, AfterValidator(in_utc)]
_Finite = Annotated[float, Field(ge=-GREATEST, le=GREATEST, allow_inf_nan=False)]
_NUMBER = Annotated[_Finite, BeforeValidator(_no_float_is_as_great)] | None
