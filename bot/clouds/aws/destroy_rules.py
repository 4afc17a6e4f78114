"""What keeps a resource of AWS from being destroyed: the one table, by type of resource.

A row names an attribute (of a nested block by `block.attribute`), the one value that it may have in a clone, its value where
it is not written, and why. To add one: a row here, from the provider's documentation of the resource
(https://registry.terraform.io/providers/hashicorp/aws/latest/docs). The rows of `*` hold for every type.
"""

from bot.core.cloud_facts import DestroyRule, DestroyRules

_REFUSED = "AWS refuses to delete it"
_SNAPSHOT = "it would leave a final snapshot behind, or fail because the snapshot has no name"
_BACKUP = "it would leave a final backup behind"
_NOT_EMPTY = "AWS refuses to delete it unless it is empty"

_DATABASE = (DestroyRule("skip_final_snapshot", True, False, _SNAPSHOT),)
_SNAPSHOT_NAME = (DestroyRule("final_snapshot_identifier", None, None, "it would leave a final snapshot behind"),)
_FORCE_DESTROY = (DestroyRule("force_destroy", True, False, _NOT_EMPTY),)
_ON_BY_DEFAULT = (DestroyRule("deletion_protection", False, True, _REFUSED),)

RULES: DestroyRules = {
    "*": tuple(
        DestroyRule(attribute, False, False, _REFUSED)
        for attribute in (
            "delete_protection",  # Network Firewall
            "deletion_protection",  # RDS, EKS, DocumentDB, Neptune
            "deletion_protection_enabled",  # DynamoDB, Aurora DSQL
            "disable_api_termination",  # EC2
            "enable_deletion_protection",  # load balancers
            "termination_protection",  # EMR
        )
    ),
    "aws_athena_workgroup": _FORCE_DESTROY,
    "aws_backup_vault": _FORCE_DESTROY,
    "aws_backup_vault_lock_configuration": (
        DestroyRule("changeable_for_days", None, None, "the lock can never be removed"),
    ),
    "aws_cloudwatch_log_group": (
        DestroyRule("skip_destroy", False, False, "it would be removed from the state but not deleted"),
    ),
    "aws_cognito_user_pool": (DestroyRule("deletion_protection", "INACTIVE", "INACTIVE", _REFUSED),),
    "aws_db_instance": _DATABASE,
    "aws_docdb_cluster": _DATABASE,
    "aws_ecr_repository": (DestroyRule("force_delete", True, False, _NOT_EMPTY),),
    "aws_ecrpublic_repository": _FORCE_DESTROY,
    "aws_elasticache_cluster": _SNAPSHOT_NAME,
    "aws_elasticache_replication_group": _SNAPSHOT_NAME,
    "aws_fsx_openzfs_file_system": (DestroyRule("skip_final_backup", True, False, _BACKUP),),
    "aws_fsx_windows_file_system": (DestroyRule("skip_final_backup", True, False, _BACKUP),),
    "aws_glacier_vault_lock": (DestroyRule("complete_lock", False, None, "the lock can never be removed"),),
    "aws_memorydb_cluster": (DestroyRule("final_snapshot_name", None, None, "it would leave a final snapshot behind"),),
    "aws_neptune_cluster": _DATABASE,
    "aws_neptunegraph_graph": _ON_BY_DEFAULT,
    "aws_qldb_ledger": _ON_BY_DEFAULT,
    "aws_rds_cluster": _DATABASE,
    "aws_redshift_cluster": _DATABASE,
    "aws_route53_zone": _FORCE_DESTROY,
    "aws_s3_bucket": _FORCE_DESTROY,
    "aws_s3_bucket_object_lock_configuration": (
        DestroyRule(
            "rule.default_retention.mode",
            "GOVERNANCE",
            "GOVERNANCE",
            "its objects could not be deleted before their retention ends",
        ),
    ),
    "aws_s3_directory_bucket": _FORCE_DESTROY,
}
