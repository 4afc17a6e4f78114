"""What keeps a resource of Google Cloud from being destroyed, by type of resource.

Source of a row: the provider's documentation of the resource (https://registry.terraform.io/providers/hashicorp/google/latest/docs),
and for its default the provider's own schema, https://github.com/hashicorp/terraform-provider-google at release 8.0.0.
"""

import re

from bot.core.cloud_facts import DestroyRule, DestroyRules

_REFUSED = "the provider refuses to destroy it"
_BY_CLOUD = "Google Cloud refuses to delete it"
_NOT_EMPTY = "Google Cloud refuses to delete it unless it is empty"
_FORGOTTEN = "it would be removed from the state but not deleted"

_ON = (DestroyRule("deletion_protection", False, True, _REFUSED),)
_ENABLED = (DestroyRule("deletion_protection_enabled", False, True, _BY_CLOUD),)
_PREVENTED = (DestroyRule("deletion_policy", "DELETE", "PREVENT", _REFUSED),)
_FORCE_DESTROY = (DestroyRule("force_destroy", True, False, _NOT_EMPTY),)
_PROTECTED = (DestroyRule("deletion_protection", "UNPROTECTED", "UNPROTECTED", _BY_CLOUD),)

_ON_BY_DEFAULT = re.findall(
    r"\w+",
    """
    active_directory_domain alloydb_cluster bigquery_table chronicle_environment cloud_run_v2_job cloud_run_v2_service
    cloud_run_v2_worker_pool compute_storage_pool container_cluster folder memcache_instance oracle_database_autonomous_database
    oracle_database_cloud_exadata_infrastructure oracle_database_cloud_vm_cluster oracle_database_db_system
    oracle_database_exadb_vm_cluster oracle_database_exascale_db_storage_vault oracle_database_goldengate_connection
    oracle_database_goldengate_connection_assignment oracle_database_odb_network oracle_database_odb_subnet
    privateca_certificate_authority redis_instance spanner_database workflows_workflow
""",
)

RULES: DestroyRules = {
    **{f"google_{kind}": _ON for kind in _ON_BY_DEFAULT},
    "google_bigquery_dataset": (DestroyRule("delete_contents_on_destroy", True, False, _NOT_EMPTY),),
    "google_bigtable_authorized_view": _PROTECTED,
    "google_bigtable_instance": (*_ON, *_FORCE_DESTROY),
    "google_bigtable_table": _PROTECTED,
    "google_dns_managed_zone": _FORCE_DESTROY,
    "google_firestore_database": (
        DestroyRule("deletion_policy", "DELETE", "ABANDON", _FORGOTTEN),
        DestroyRule("delete_protection_state", "DELETE_PROTECTION_DISABLED", "DELETE_PROTECTION_DISABLED", _BY_CLOUD),
    ),
    "google_memorystore_instance": _ENABLED,
    "google_oracle_database_goldengate_deployment": _PREVENTED,
    "google_project": _PREVENTED,
    "google_redis_cluster": _ENABLED,
    "google_secure_source_manager_instance": _PREVENTED,
    "google_secure_source_manager_repository": _PREVENTED,
    "google_spanner_instance": _FORCE_DESTROY,
    "google_sql_database_instance": (
        *_ON,
        DestroyRule("settings.deletion_protection_enabled", False, False, _BY_CLOUD),
    ),
    "google_storage_bucket": (
        *_FORCE_DESTROY,
        DestroyRule(
            "retention_policy.is_locked", False, False, "its objects could not be deleted before their retention ends"
        ),
    ),
    "google_storage_managed_folder": _FORCE_DESTROY,
    "google_vertex_ai_feature_online_store": _FORCE_DESTROY,
    "google_vertex_ai_featurestore": _FORCE_DESTROY,
}
