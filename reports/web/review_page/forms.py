"""Reading what a form sent: urlencoded, of bounded size, each field once."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from fastapi import Request

from reports.web.review_page.guard import Stop

LARGEST_BYTES = 256 * 1024  # a customer of a thousand features fits
_MOST_FIELDS = 5_000


async def sent_form(request: Request) -> Mapping[str, str]:
    """The fields of the request's form.

    Raises:
        Stop: it is no form, too large, or names a field twice.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise Stop(415, "The page reads its own forms alone.")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BYTES:
            raise Stop(413, f"A form may have {LARGEST_BYTES // 1024} kB.", "Write less.")
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError as error:
        raise Stop(400, "The form cannot be read.") from error
    if len({name for name, _ in fields}) != len(fields):
        raise Stop(400, "The form names a field twice.")
    return dict(fields)
