"""The rulebook in a chat: a published list of questions it answers from the tools, with no key; all else it plainly declines."""
