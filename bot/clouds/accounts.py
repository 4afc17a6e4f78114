"""The forms of accounts on each cloud, and where each keeps state unless the policy says otherwise.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html,
https://cloud.google.com/resource-manager/docs/creating-managing-projects,
https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
"""

from collections.abc import Mapping

from bot.core.cloud_facts import AccountPatterns

_GUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_BUCKET = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
_PROJECT = r"[a-z][a-z0-9-]{4,28}[a-z0-9]"
_ANY = r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,62}"

ACCOUNTS: Mapping[str, AccountPatterns] = {
    "aws": AccountPatterns(
        account=r"\d{12}",
        region=r"[a-z]{2}(-[a-z]+)+-\d",
        role=r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+",
        bucket=_BUCKET,
        backend="s3",
    ),
    # The identity that plans or applies is a service account, reached through a provider of a workload identity pool.
    "gcp": AccountPatterns(
        account=_PROJECT,
        region=r"[a-z]+-[a-z]+\d{1,2}",
        role=rf"[a-z][a-z0-9-]{{4,28}}[a-z0-9]@{_PROJECT}\.iam\.gserviceaccount\.com",
        bucket=_BUCKET,
        backend="gcs",
        identity={
            "workload_identity_provider": r"projects/\d+/locations/global/workloadIdentityPools/[a-z0-9-]{4,32}/providers/[a-z0-9-]{4,32}"
        },
    ),
    # The identity is the client id of an application or of a managed identity with a federated credential.
    "azure": AccountPatterns(
        account=_GUID,
        region=r"[a-z]+[a-z0-9]*",
        role=_GUID,
        bucket=r"[a-z0-9](?:[a-z0-9]|-(?!-)){1,61}[a-z0-9]",
        backend="azurerm",
        identity={"tenant_id": _GUID},
    ),
    # No cloud's credentials: a provider that takes its own from the account's variables.
    "none": AccountPatterns(account=_ANY, region=r"", role=r"", bucket=_BUCKET, backend=""),
}
