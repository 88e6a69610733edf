"""Names of folders that mean something to a URL, a pattern, a shell, SQL or the terminal's markup, and here only themselves."""

ODD_FOLDERS = ["a?b", "100%25 %3F", "#1", "größe 客", 'it\'s "so"', "[x] *", "{a};$b", "a@b:c", "[bold", "file:x"]
ODD_FOLDER = "".join(ODD_FOLDERS)
