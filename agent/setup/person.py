"""Who sits here, as far as the machine says: the operating system's user and git's e-mail. It identifies, it proves nothing."""

import getpass
import subprocess


def who() -> str:
    """`user <e-mail>`, or `user` where git knows no e-mail."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        user = "unknown"
    mail = git_config("user.email")
    return f"{user} <{mail}>" if mail else user


def git_config(key: str) -> str:
    """A value of git's configuration, or "" without one or without git."""
    try:
        found = subprocess.run(["git", "config", "--get", key], capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return found.stdout.strip()
