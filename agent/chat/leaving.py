"""How a slash command ends other than by its Markdown: the human leaves, or more is to be recorded."""

from agent.conversation.messages import Spend


class Leave(Exception):
    """The human leaves the session; `resume` is the beginning of the id of the one to go on with, None to end."""

    def __init__(self, resume: str | None = None) -> None:
        super().__init__()
        self.resume = resume


class Ran(Exception):
    """What a command shows when there is more to record of it than its Markdown."""

    def __init__(self, markdown: str, spend: Spend | None = None) -> None:
        super().__init__()
        self.markdown = markdown
        self.spend = spend or Spend()
