"""Loads moto's EC2 without botocore's description of it: half a second for each process that imitates AWS.

moto asks for EC2's regions three times while it is loaded. Each time botocore parses all that it knows of EC2, 1.5 MB, to learn by
which name its endpoints are listed. Import this before anything of moto that loads EC2.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from botocore.session import Session


@contextmanager
def _named_by_itself(service: str) -> Iterator[None]:
    """Let sessions know the name of one service's endpoints, which is its own, without looking."""
    asked = Session.get_service_data

    def known(self: Session, service_name: str, api_version: str | None = None) -> Any:
        if service_name == service:
            return {"metadata": {"endpointPrefix": service}}
        return asked(self, service_name, api_version)

    Session.get_service_data = known  # type: ignore[method-assign]
    try:
        yield
    finally:
        Session.get_service_data = asked  # type: ignore[method-assign]


with _named_by_itself("ec2"):
    EC2 = import_module("moto.ec2.models.availability_zones_and_regions")
