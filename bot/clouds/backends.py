"""Terraform's backends: which argument says whose state it is, and what else a backend block may say.

Source: https://developer.hashicorp.com/terraform/language/backend, version 1.11. What names credentials, or an address that
requests go to, is in no list: the runner sets it by the environment variables that each backend reads.
"""

from collections.abc import Mapping

from bot.core.cloud_facts import BackendFacts

BACKENDS: Mapping[str, BackendFacts] = {
    "s3": BackendFacts(
        key="key",
        separator="/",
        place=("bucket",),
        arguments=frozenset({"region", "encrypt", "kms_key_id", "use_lockfile", "dynamodb_table", "acl"}),
        store="s3://{bucket}",
        object="{key}",
        workspace="{prefix}/{workspace}/{key}",
        of_account=("dynamodb_table", "kms_key_id"),
        asserted=("workspace_key_prefix",),
        choices={"acl": frozenset({"private", "bucket-owner-read", "bucket-owner-full-control"})},
        machine_arguments=frozenset({"profile"}),
    ),
    "gcs": BackendFacts(
        key="prefix",
        separator="/",
        place=("bucket",),
        arguments=frozenset({"kms_encryption_key"}),
        store="gs://{bucket}",
        object="{key}/default.tfstate",
        workspace="{key}/{workspace}.tfstate",
    ),
    "azurerm": BackendFacts(
        key="key",
        separator="/",
        place=("storage_account_name", "container_name"),
        arguments=frozenset(
            {"resource_group_name", "subscription_id", "tenant_id", "use_azuread_auth", "use_oidc", "snapshot"}
        ),
        store="azblob://{storage_account_name}/{container_name}",
        object="{key}",
        workspace="{key}env:{workspace}",
    ),
    # The connection is PG_CONN_STR. The database folds no case and allows a hyphen: Terraform quotes the name.
    "pg": BackendFacts(
        key="schema_name",
        separator="_",
        place=(),
        arguments=frozenset({"skip_schema_creation", "skip_table_creation", "skip_index_creation"}),
        workspace="{key}: {workspace}",
    ),
    "http": BackendFacts(
        key="address",
        separator="/",
        place=("address",),
        arguments=frozenset(
            {"update_method", "lock_method", "unlock_method", "retry_max", "retry_wait_min", "retry_wait_max"}
        ),
        like_key=("lock_address", "unlock_address"),
    ),
    # The suffix is a part of the secret's name, where a dot may stand and which neither name can hold.
    # It looks for the secrets of a state by their labels, and those of the block go before its own.
    "kubernetes": BackendFacts(
        key="secret_suffix",
        separator=".",
        place=("namespace",),
        arguments=frozenset({"labels"}),
        reserved={
            "labels": frozenset({"tfstate", "tfstateSecretSuffix", "tfstateWorkspace", "app.kubernetes.io/managed-by"})
        },
    ),
    # HCP Terraform and Terraform Enterprise: the workspace runs Terraform where it says itself. The token is TF_TOKEN_<host>.
    "cloud": BackendFacts(
        key="workspaces.name",
        separator="_",
        place=("organization",),
        arguments=frozenset(),
        asserted=("hostname",),
        chosen_by=("tags",),
        beside_key=frozenset({"project"}),
    ),
    "remote": BackendFacts(
        key="workspaces.name", separator="_", place=("organization",), arguments=frozenset(), asserted=("hostname",)
    ),
    "local": BackendFacts(key="path", separator="", place=(), arguments=frozenset()),
}
