"""Sessions with AWS. Each is its owner's alone, for they are not safe to share between threads; what they read from disk is shared.

botocore reads the description of a service anew for every session: megabytes of JSON, six times what else a client takes.
"""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from boto3.session import Session
    from botocore.loaders import Loader


def session(region: str | None = None, *, key_id: str | None = None, secret: str | None = None) -> "Session":
    """Return a new session with an access key, by default the credentials of this process."""
    import boto3  # noqa: PLC0415 (0.3 s of a start, for those alone who ask AWS)
    import botocore.session  # noqa: PLC0415

    found = botocore.session.get_session()
    found.register_component("data_loader", _descriptions(found.get_config_variable("data_path")))
    return boto3.session.Session(key_id, secret, region_name=region, botocore_session=found)


@cache
def _descriptions(path: str | None) -> "Loader":
    from botocore.loaders import create_loader  # noqa: PLC0415

    return create_loader(path)
