"""No code decides by what it finds in a sentence meant for people: whoever can write into the sentence could then decide.

Looked for in the source: a search (`in`, `startswith`, `removeprefix`, a regular expression, …) in something that is named as sentences are
named here, or in the text of an exception.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("agent", "tools", "reports", "pipeline")
SENTENCES = frozenset(
    {"said", "reason", "message", "msg", "problem", "next_step", "refused", "refusal", "why", "because", "failure", "error"}
)
TEXTS = (
    *(f"agent/{part}/" for part in ("case", "conversation", "operators", "chat/answering", "views")),
    "tools/",
)  # `text` is an answer there
SEARCHES = frozenset(
    {"startswith", "endswith", "removeprefix", "removesuffix", "find", "rfind", "index", "partition", "rpartition", "count"}
)
PATTERNS = frozenset({"search", "match", "fullmatch", "findall", "finditer"})

# What searches all the same: file, what is searched for, and why there is nothing better to read.
ALLOWED = {
    ("agent/operators/claude.py", "prompt is too long"): "the provider's error has no code of its own for this, only 400",
    ("agent/operators/claude.py", "authentication"): "without a key the SDK raises a plain TypeError",
    ("agent/operators/chat_rulebook/recognition.py", "_WORD"): "what a person asks is to be read",
    ("agent/operators/claude.py", "chr(10)"): "cut for display; nothing is decided by it",
    ("tools/evidence_pack.py", ". "): "cut for display; nothing is decided by it",
    ("tools/schemas.py", "f'\"#/$defs/{name}\"'"): "JSON of a schema, no sentence",
    ("pipeline/workspace/settings.py", "Value error, "): "pydantic's own prefix, cut for display",
    ("pipeline/workspace/policy.py", "Value error, "): "pydantic's own prefix, cut for display",
}


def is_sentence(node: ast.expr, *, text: bool) -> bool:
    """Whether the expression is named as a sentence, or is the text of an exception."""
    named = SENTENCES | {"text"} if text else SENTENCES
    match node:
        case ast.Attribute(value=ast.Name(id="question"), attr="text"):
            return False  # what a person asks is to be read
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Subscript(slice=ast.Constant(value=str() as name)):
            return name in named
        case ast.Call(func=ast.Name(id="str"), args=[argument]):
            return is_sentence(argument, text=text)
        case ast.Call(func=ast.Attribute(value=inner, attr="lower" | "strip" | "casefold" | "removeprefix")):
            return is_sentence(inner, text=text)
    return False


def sought(node: ast.expr) -> str:
    """What is searched for, as it is written."""
    return str(node.value) if isinstance(node, ast.Constant) else ast.unparse(node)


def searches(tree: ast.AST, *, text: bool = True) -> Iterator[tuple[int, str]]:
    """Line and object of every search in a sentence."""
    for node in ast.walk(tree):
        match node:
            case ast.Compare(left=ast.Constant(value=str()) | ast.JoinedStr() as left, ops=[ast.In() | ast.NotIn()], comparators=[where]):
                if is_sentence(where, text=text):
                    yield node.lineno, sought(left)
            case ast.Compare(left=where, ops=[ast.Eq() | ast.NotEq()], comparators=[ast.Constant(value=str() as whole)]):
                if " " in whole and is_sentence(where, text=text):
                    yield node.lineno, whole
            case ast.Call(func=ast.Attribute(value=ast.Name(id="re")), args=[pattern, *others]):
                if any(is_sentence(other, text=text) for other in others):
                    yield node.lineno, sought(pattern)
            case ast.Call(func=ast.Attribute(value=where, attr=method), args=[first, *_]):
                if (method in SEARCHES and is_sentence(where, text=text)) or (method in PATTERNS and is_sentence(first, text=text)):
                    yield node.lineno, sought(first if method in SEARCHES else where)


@pytest.mark.slow
def test_nothing_is_decided_by_searching_in_a_sentence() -> None:
    found = {}
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            for line, what in searches(ast.parse(path.read_text(encoding="utf-8")), text=name.startswith(TEXTS)):
                found[name, what] = line
    assert {place: line for place, line in found.items() if place not in ALLOWED} == {}
    assert set(ALLOWED) <= set(found), "an exception that nobody needs any more"


@pytest.mark.parametrize(
    "line",
    [
        '"`gate`" in refused',
        'f"action {x}" not in answer.text',
        '_RULE.search(answer.text)',
        're.search("Rule `(.*)`", str(error))',
        'text.removeprefix("Error executing tool ")',
        'message.text.startswith(NOT_ALLOWED)',
        '"`hyperparameters" in str(call.result["said"])',
        'failure.said == "The case is closed."',
    ],
)  # fmt: skip
def test_a_search_in_a_sentence_is_found(line: str) -> None:
    assert [*searches(ast.parse(line))] != []


@pytest.mark.parametrize(
    "line", ['failure.rule == "case.closed"', '"tenure" in columns', 'name.startswith("gain_")', 'print("said", said)']
)
def test_what_reads_a_code_is_not(line: str) -> None:
    assert [*searches(ast.parse(line))] == []
