"""An object store in the memory of the process, for tests of what is put and brought rather than of a store."""

import fsspec

from pipeline.workspace.shared_files import SharedFiles


def memory_store(name: str) -> SharedFiles:
    """A new, empty one."""
    system = fsspec.filesystem("memory", skip_instance_cache=True)
    system.store, system.pseudo_dirs = {}, [""]  # the class shares one store among all
    shared = SharedFiles(f"s3://{name}/team")
    shared.__dict__["_system"] = (system, f"/{name}/team")
    return shared
