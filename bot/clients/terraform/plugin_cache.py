"""The plugin cache that Terraforms on one machine share: its own `init` is not safe there side by side."""

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def plugin_cache_to_itself(environment: Mapping[str, str]) -> Iterator[None]:
    """Hold the cache that Terraform's environment names, if it names one, while nobody else does."""
    cache = environment.get("TF_PLUGIN_CACHE_DIR")
    if cache is None:
        yield
        return
    with (Path(cache) / ".envclone.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
