"""The commands from Python, for notebooks and scripts. `churnops.open` is the way in; nothing of ours is imported beside this package."""
