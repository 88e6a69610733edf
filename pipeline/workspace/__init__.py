"""The folder of a workspace, its settings and the typed policy."""
