"""The section [hooks]: what of the team's own follows a decision of a person."""

import shlex

from pydantic import Field, field_validator

from pipeline.workspace.section import Section


class HookSettings(Section):
    """What is told when the champion moved, by the watch, until it succeeds; docs/hooks.md."""

    after_approval: str = Field(
        "",
        repr=False,
        description="Told of each deploy and rollback: a command, run without a shell, or hook:// and hooks:// for a signed webhook; empty: none",
    )

    @field_validator("after_approval")
    @classmethod
    def _words(cls, hook: str) -> str:
        try:
            words = shlex.split(hook)
        except ValueError as error:
            raise ValueError(f"it cannot be split into words ({error})") from error
        if hook and not (words and words[0].strip()):
            raise ValueError("it names no command; leave it empty where there is none")
        if hook.lstrip().lower().startswith(("http://", "https://")):
            raise ValueError("a webhook is written hook:// or hooks://")
        return hook
