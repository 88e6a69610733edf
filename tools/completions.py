"""What a client may offer while its person types: ids of cases, names of features."""

from collections.abc import Callable
from typing import Any

from anyio import to_thread
from mcp.server import MCPServer
from mcp.types import Completion, CompletionArgument, CompletionContext, PromptReference, ResourceTemplateReference

from pipeline.shown_text import plain
from tools.archive import Archive
from tools.result_bounds import NAME_LENGTH

_MOST = 100  # the protocol's bound


def add_completions(server: MCPServer[Any], archive: Callable[[], Archive]) -> None:
    """Complete the arguments of prompts and resource templates."""

    @server.completion()  # type: ignore[no-untyped-call, untyped-decorator]
    async def complete(
        ref: PromptReference | ResourceTemplateReference, argument: CompletionArgument, context: CompletionContext | None
    ) -> Completion:
        reported = "report" in (ref.name if isinstance(ref, PromptReference) else ref.uri)
        found = await to_thread.run_sync(_found, archive(), argument.name, argument.value, reported)
        return Completion(values=list(found[:_MOST]), total=len(found), has_more=len(found) > _MOST)


def _found(archive: Archive, name: str, beginning: str, reported: bool) -> tuple[str, ...]:
    if name == "case_id":
        return archive.case_ids(beginning, reported=reported)
    if name == "feature":
        return tuple(plain(feature, NAME_LENGTH) for feature in archive.features(beginning))
    return ()
