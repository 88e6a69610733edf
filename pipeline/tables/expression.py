"""Arithmetic over columns, as a setting spells it: numbers, names of columns, + - * / and brackets, and nothing else."""

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

if TYPE_CHECKING:
    import pandas as pd

Numbers = NDArray[np.float64]
_LONGEST = 200  # characters: whoever reviews a setting reads all of it, and nothing nests too deep to be read
_OPERATIONS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_WORD = re.compile(r"`(?P<quoted>[^`]+)`|(?P<number>\d[\w.]*)|(?P<plain>[^\W\d]\w*)")
_EXAMPLE = "like MonthlyCharges * 12 * 0.3"


@dataclass(frozen=True)
class Expression:
    """Checked arithmetic: `text` as written, and the `columns` it names, each once.

    >>> yearly = parse_expression("MonthlyCharges * 12 * (1 - `my rate`)")
    >>> yearly.columns, yearly.of({"MonthlyCharges": 50.0, "my rate": 0.75})
    (('MonthlyCharges', 'my rate'), 150.0)
    """

    text: str
    columns: tuple[str, ...] = field(compare=False)
    _tree: ast.expr = field(compare=False, repr=False)

    def over(self, rows: "pd.DataFrame") -> Numbers:
        """The value of each row, shape (rows,); not finite where a column is missing or a division is by nothing."""
        return np.array(np.broadcast_to(self._value([rows[name].to_numpy(dtype=np.float64) for name in self.columns]), len(rows)))

    def of(self, row: Mapping[str, float]) -> float:
        """The value of one row of numbers; as `over`."""
        return float(self._value([np.float64(row[name]) for name in self.columns]))

    def _value(self, values: list[Any]) -> Numbers:
        with np.errstate(all="ignore"):
            return np.asarray(_computed(self._tree, values), dtype=np.float64)

    @classmethod
    def __get_pydantic_core_schema__(cls, _: object, __: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            lambda given: given if isinstance(given, cls) else parse_expression(given),
            json_schema_input_schema=core_schema.str_schema(),
            serialization=core_schema.plain_serializer_function_ser_schema(lambda one: one.text, return_schema=core_schema.str_schema()),
        )


def parse_expression(text: object) -> Expression:
    """Read an expression. A column whose name is no plain word stands in backticks.

    Raises:
        ValueError: it is not arithmetic over columns.
    """
    if not isinstance(text, str):
        raise ValueError(f"it is neither a number nor an expression over columns, {_EXAMPLE}")
    if len(text) > _LONGEST:
        raise ValueError(f"an expression has at most {_LONGEST} characters")
    columns: list[str] = []

    def placed(word: re.Match[str]) -> str:
        if word["number"]:
            return word[0]
        name = word["quoted"] or word["plain"]
        if name not in columns:
            columns.append(name)
        return f" c{columns.index(name)} "  # a blank on either side: what stands next to it is a word of its own

    try:
        placed_text = _WORD.sub(placed, text).strip()
        if "#" in placed_text:
            raise ValueError("a comment would leave out the rest")
        tree = ast.parse(placed_text, mode="eval").body
        _require_arithmetic(tree)
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError) as error:
        raise ValueError(f"`{text}` is no arithmetic over columns with + - * / and brackets, {_EXAMPLE}") from error
    return Expression(text, tuple(columns), tree)


def _require_arithmetic(node: ast.expr) -> None:
    """Only what `_computed` computes; every name is a column's place by now."""
    match node:
        case ast.Constant(value=int() | float() as number) if math.isfinite(float(number)):
            return None
        case ast.Name():
            return None
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _require_arithmetic(operand)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATIONS:
            _require_arithmetic(left)
            return _require_arithmetic(right)
    raise ValueError(type(node).__name__)


def _computed(node: ast.expr, values: list[Any]) -> Any:
    match node:
        case ast.Constant(value=number):
            return np.float64(number)  # type: ignore[arg-type]
        case ast.Name(id=name):
            return values[int(name[1:])]
        case ast.UnaryOp(operand=operand):
            return -_computed(operand, values)
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATIONS[type(op)](_computed(left, values), _computed(right, values))
    raise AssertionError(node)  # refused when it was read
