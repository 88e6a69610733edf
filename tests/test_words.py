"""One vocabulary, the field's own: what is no longer said stands in no text that a person reads.

`docs/reference.md` holds the help of every command, the settings, the reasons of the policy and the descriptions of the tools; a test of its
own keeps it as the code says.
"""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.test_house import PACKAGES, texts

# What was said, and what is said instead.
RETIRED = {
    r"gate rows": "test set",
    r"learnt|learn(s|ed|ing)? from": "trained on, training data",
    r"lean(s|ed|t|ing)? on|felt|model feels": "feature importance",
    r"(un)?ripe(n(s|ed|ing)?)?": "matured, not matured yet",
    r"mend(s|ed|ing)?": "fix, fixed, correct",
    r"(must )?not be sure": "statistically significant",
    r"stands? elsewhere": "score distribution shifted",
    r"of the way that": "correlated features moved with it",
    r"perfect (profit|information|foresight|knowledge)": "extra campaign profit, points of the maximum",
    r"set customers apart": "scores separate churners less well",
    r"cut tail|tail (that was )?cut off": "missing last entries",
    r"bands?:? `?(monitor|evaluate|retrain)(?!\" d=)|(monitor|evaluate|retrain) band|'s band is": "drift level: low, medium, high",
    r"(to )?(tell|tells|told) (them )?apart": "what would settle it",
    r"nobody could see": "not visible here",
}
TEXTS = (".md", ".html", ".j2", ".toml", "Makefile")


def written() -> Iterator[tuple[str, str]]:
    """Every text for people: whole files of prose, and each string of the product's code, f-strings with a gap for what is filled in."""
    for name, text in texts().items():
        if name.endswith(TEXTS):
            yield name, text
        elif name.endswith(".py") and name.startswith((*PACKAGES, "churnops.py", "docs/")):
            tree = ast.parse(text)
            filled = {id(part): node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
            for node in ast.walk(tree):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in filled:
                    yield f"{name}:{node.lineno}", node.value
                elif isinstance(node, ast.JoinedStr):
                    yield (
                        f"{name}:{node.lineno}",
                        "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values),
                    )


@pytest.fixture(scope="module")
def sentences() -> list[tuple[str, str]]:
    return [(where, " ".join(text.split())) for where, text in written()]


@pytest.mark.parametrize("phrase", RETIRED)
def test_a_retired_phrase_stands_nowhere(phrase: str, sentences: list[tuple[str, str]]) -> None:
    search = re.compile(rf"\b({phrase})\b", re.IGNORECASE)
    left = [f"{where}: “{found.group()}”" for where, text in sentences if (found := search.search(text))]
    assert left == [], f"say “{RETIRED[phrase]}”"


def test_the_sentences_are_found_where_they_stand(sentences: list[tuple[str, str]]) -> None:
    texts_of = {where.split(":")[0]: text for where, text in sentences}
    assert {"README.md", "prompts/policy.toml", "prompts/triage.md", "docs/reference.md", "reports/audit.md.j2"} <= set(texts_of)
    assert any(
        "… … of the test set" in text or "rows of the test set" in text for where, text in sentences if where.startswith("pipeline/")
    )
