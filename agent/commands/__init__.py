"""The commands, one module a noun. Their modules import only what `--help` needs."""
