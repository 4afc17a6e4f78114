"""envclone: clones production by pull request."""

import os

# Each of our processes would look through the metadata of all installed packages for plugins of pydantic, and run what it finds.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
