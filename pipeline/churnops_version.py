"""Version of the installed distribution, as reports and the command line give it."""

from importlib.metadata import PackageNotFoundError, version


def churnops_version() -> str:
    """Version of the installed distribution."""
    try:
        return version("churnops")
    except PackageNotFoundError:
        return "unknown"
