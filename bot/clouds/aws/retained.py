"""What AWS keeps for a while after its resource was destroyed, by type of resource."""

from collections.abc import Mapping

from bot.core.cloud_facts import Has, RetainedRule, Waits

_UNUSABLE = RetainedRule(Waits("deletion_window_in_days", 30), "can no longer be used")
_SNAPSHOT = RetainedRule(Has("skip_final_snapshot", False), "its final snapshot is kept", "final_snapshot_identifier")

RETAINED: Mapping[str, RetainedRule] = {
    # https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html
    "aws_kms_key": _UNUSABLE,
    "aws_kms_replica_key": _UNUSABLE,
    # https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_delete-secret.html
    "aws_secretsmanager_secret": RetainedRule(Waits("recovery_window_in_days", 30), "can still be restored"),
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html
    "aws_db_instance": _SNAPSHOT,
    "aws_rds_cluster": _SNAPSHOT,
    "aws_cloudwatch_log_group": RetainedRule(Has("skip_destroy", True), "kept by its template"),
    "aws_ecs_task_definition": RetainedRule(Has("skip_destroy", True), "kept by its template"),
}
