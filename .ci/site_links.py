"""For the site of docs/: a link that leaves it, to code beside it, becomes one to the repository; all others are checked."""

import posixpath
import re
from typing import Any

_LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#|/)([^)\s#]+)(#[^)\s]*)?(?=\))")


def on_page_markdown(markdown: str, *, page: Any, config: Any, files: Any) -> str:
    """Rewrite the links of a page."""
    here = posixpath.dirname(page.file.src_uri)

    def leading(found: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join("docs", here, found[1]))
        if path.startswith("docs/") and files.get_file_from_path(path.removeprefix("docs/")) is not None:
            return found[0]
        if not (config.config_file_path and _exists(config.config_file_path, path)):
            return found[0]  # MkDocs says that it leads nowhere
        return f"{config.repo_url.rstrip('/')}/tree/main/{path}{found[2] or ''}"

    return _LINK.sub(leading, markdown)


def _exists(configuration: str, path: str) -> bool:
    import os  # noqa: PLC0415 - MkDocs hands hooks a module without a package

    return os.path.exists(os.path.join(os.path.dirname(configuration), path))
