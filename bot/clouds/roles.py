"""The Terraform code that makes an account's identities, one directory for each cloud (`docs/roles`), and what it takes from the policy."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class RoleCode:
    """Code of one cloud: its directory, its files, what the provider's types begin with, and what its variables call an account's facts.

    `locked_by` is the argument by which backends name a table that locks the states.
    """

    directory: str
    provider: str
    account: str
    state_bucket: str = ""
    has_locals: bool = False
    locked_by: str = ""

    @property
    def files(self) -> tuple[str, ...]:
        """Return its files, as they lie in the directory."""
        return (*(["locals.tf"] if self.has_locals else []), "main.tf", "outputs.tf", "variables.tf")

    def values(self, account: str, region: str, state_bucket: str, lock_table: str = "") -> bytes:
        """Return the variables of one account, as far as they are known: Terraform asks for the others."""
        known = {self.account: account, "region": region, self.state_bucket: state_bucket, "lock_table": lock_table}
        return _json({name: value for name, value in known.items() if name and value})


ROLE_CODE: Final[Mapping[str, RoleCode]] = {
    "aws": RoleCode("aws", "aws", "account_id", "state_bucket", locked_by="dynamodb_table"),
    "gcp": RoleCode("google", "google", "project", "state_bucket", has_locals=True),
    "azure": RoleCode("azure", "azurerm", "subscription_id", has_locals=True),
}


def shared_values(repository: str, issuer: str = "") -> bytes:
    """Return the variables that all accounts of a monorepo share, as far as they are known; Terraform reads them by itself."""
    known = {"repository": repository, "issuer": issuer}
    return _json({name: value for name, value in known.items() if value})


def issuer_of(host: str) -> str:
    """Return who signs the tokens of the jobs of a company's own GitHub.

    Sources: https://docs.github.com/enterprise-server/actions/reference/security/oidc, and for `SUBDOMAIN.ghe.com`
    https://docs.github.com/enterprise-cloud@latest/admin/data-residency
    """
    return f"https://token.actions.{host}" if host.endswith(".ghe.com") else f"https://{host}/_services/token"


def _json(values: Mapping[str, str]) -> bytes:
    return (json.dumps(values, indent=2) + "\n").encode()
