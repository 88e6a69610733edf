"""Templates to answers. Every value is escaped, and shown without characters that would steer a terminal or turn the reading direction."""

from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from pipeline.words import action_name, cause_name
from reports.web.review_page.sign_in import START, Session

# Of every session, below its address.
_PAGES = (
    ("jobs", "Work"),
    ("cases", "Cases"),
    ("performance", "Performance"),
    ("versions", "Versions"),
    ("alerts", "Alerts"),
    ("ledger", "Ledger"),
    ("try", "Try one"),
)


def _printable(value: object) -> object:
    if isinstance(value, str) and not isinstance(value, Markup):
        return "".join(character if character.isprintable() or character == "\n" else " " for character in value)
    return value


@pass_context
def _form_token(context: Context) -> Markup:
    """What every form of the page carries."""
    return Markup('<input type="hidden" name="form_token" value="{}">').format(context["session"].form_token)


def _sentence(text: str) -> Markup:
    """A sentence of ours, with what stands between backticks as code."""
    parts = str(_printable(text)).split("`")
    if len(parts) % 2 == 0:
        return Markup.escape("`".join(parts))
    return Markup("").join(Markup("<code>{}</code>").format(part) if place % 2 else part for place, part in enumerate(parts))


_environment = Environment(
    loader=PackageLoader("reports.web.review_page", "templates"),
    autoescape=True,
    finalize=_printable,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters["sentence"] = _sentence
_environment.filters.update(cause=cause_name, act=action_name)
_environment.globals["form_token"] = _form_token
_environment.globals["pages"] = _PAGES


def page(template: str, session: Session | None = None, *, status: int = 200, home: str = "", root: str = "", **view: Any) -> HTMLResponse:
    """The answer that `template` makes of `view`, for a signed-in browser or for anybody, whose pages then begin at `home`, or where the page
    does. `root`: what a proxy puts ahead of all addresses."""
    root = session.prefix if session else root
    begin = session.home if session else home or root + START
    text = _environment.get_template(f"{template}.html.j2").render(session=session, home=begin, root=root, **view)
    return HTMLResponse(text, status_code=status)


def problem_page(status: int, said: str, next_step: str, home: str = "", root: str = "") -> HTMLResponse:
    """What went wrong, in a sentence, and what to do about it."""
    return page("problem", status=status, home=home, root=root, title=said, next_step=next_step)
