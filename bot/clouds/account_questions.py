"""What the policy says of an account of each cloud, as `envclone init` asks for it, and where it stands in the policy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class AccountQuestion:
    """One fact of an account.

    `key` names it in `--account`, `place` in the policy (nothing where only the code of the roles takes it). `default` may name facts that
    were asked for before, in braces: what the code of the roles makes of them.
    """

    key: str
    text: str
    place: tuple[str, ...]
    default: str = ""


_REGION: Final = AccountQuestion("region", "its region", ("region",))
_BUCKET: Final = AccountQuestion("state_bucket", "the bucket that holds its states", ("state_bucket",))
_PLANS: Final = "the identity that plans"
_APPLIES: Final = "the identity that applies"

ACCOUNT_QUESTIONS: Final[Mapping[str, Sequence[AccountQuestion]]] = {
    "aws": (
        _REGION,
        _BUCKET,
        AccountQuestion("plan_role", _PLANS, ("plan_role",), "arn:aws:iam::{id}:role/envclone-plan"),
        AccountQuestion("apply_role", _APPLIES, ("apply_role",), "arn:aws:iam::{id}:role/envclone-apply"),
    ),
    "gcp": (
        _REGION,
        _BUCKET,
        AccountQuestion(
            "workload_identity_provider",
            "its provider of workload identity (projects/NUMBER/locations/global/workloadIdentityPools/envclone/providers/github)",
            ("identity", "workload_identity_provider"),
        ),
        AccountQuestion("plan_role", _PLANS, ("plan_role",), "envclone-plan@{id}.iam.gserviceaccount.com"),
        AccountQuestion("apply_role", _APPLIES, ("apply_role",), "envclone-apply@{id}.iam.gserviceaccount.com"),
    ),
    "azure": (
        _REGION,
        AccountQuestion("tenant_id", "the tenant that it belongs to", ("identity", "tenant_id")),
        AccountQuestion(
            "storage_account_name", "the storage account of its states", ("state", "with", "storage_account_name")
        ),
        AccountQuestion("container_name", "the container of its states", ("state", "with", "container_name")),
        AccountQuestion("plan_role", f"{_PLANS} (its client id)", ("plan_role",)),
        AccountQuestion("apply_role", f"{_APPLIES} (its client id)", ("apply_role",)),
    ),
}
"""By the cloud's name in the policy, in the order in which they are asked."""
