"""The first page of a case: what a person needs to decide, before any evidence. Markdown, terminal and message show the same one."""
