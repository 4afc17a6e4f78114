"""What an account still holds after its environments are gone."""

from collections.abc import Callable, Mapping
from typing import Any

from tests.support.sandbox_aws import client

_ROLES_OF_THE_ACCOUNT = {"envclone-plan", "envclone-apply"}


def leftovers(environment: Mapping[str, str]) -> list[str]:
    """Return what is left besides what an account is seeded with, as `service: name`. Keys in deletion don't count."""
    return [f"{service}: {name}" for service, look in _LOOKS.items() for name in look(client(environment, service))]


def _ec2(ec2: Any) -> list[str]:
    vpcs = [vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"] if not vpc["IsDefault"]]
    nats = [nat["NatGatewayId"] for nat in ec2.describe_nat_gateways()["NatGateways"] if nat["State"] != "deleted"]
    endpoints = [
        each["VpcEndpointId"] for each in ec2.describe_vpc_endpoints()["VpcEndpoints"] if each["State"] != "deleted"
    ]
    return [*vpcs, *nats, *endpoints, *(each["AllocationId"] for each in ec2.describe_addresses()["Addresses"])]


def _kms(kms: Any) -> list[str]:
    keys = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]]
    alive = [key["KeyId"] for key in keys if key["KeyManager"] == "CUSTOMER" and key["KeyState"] != "PendingDeletion"]
    named = [alias["AliasName"] for alias in kms.list_aliases()["Aliases"]]
    return [*alive, *(name for name in named if not name.startswith("alias/aws/"))]


def _iam(iam: Any) -> list[str]:
    return [role["RoleName"] for role in iam.list_roles()["Roles"] if role["RoleName"] not in _ROLES_OF_THE_ACCOUNT]


def _ecs(ecs: Any) -> list[str]:
    clusters = ecs.describe_clusters(clusters=ecs.list_clusters()["clusterArns"])["clusters"]
    alive = [cluster["clusterName"] for cluster in clusters if cluster["status"] != "INACTIVE"]
    return [*alive, *ecs.list_task_definitions(status="ACTIVE")["taskDefinitionArns"]]


def _secrets(secrets: Any) -> list[str]:
    return [secret["Name"] for secret in secrets.list_secrets(IncludePlannedDeletion=True)["SecretList"]]


_LOOKS: dict[str, Callable[[Any], list[str]]] = {
    "ec2": _ec2,
    "kms": _kms,
    "iam": _iam,
    "ecs": _ecs,
    "secretsmanager": _secrets,
    "elbv2": lambda elbv2: [
        *(each["LoadBalancerName"] for each in elbv2.describe_load_balancers()["LoadBalancers"]),
        *(each["TargetGroupName"] for each in elbv2.describe_target_groups()["TargetGroups"]),
    ],
    "rds": lambda rds: [each["DBClusterIdentifier"] for each in rds.describe_db_clusters()["DBClusters"]],
    # One is left: the account's parent zone, and the account's state bucket.
    "route53": lambda route53: [zone["Name"] for zone in route53.list_hosted_zones()["HostedZones"]][1:],
    "s3": lambda s3: [each["Name"] for each in s3.list_buckets()["Buckets"] if "tfstate" not in each["Name"]],
    "sqs": lambda sqs: list(sqs.list_queues().get("QueueUrls", ())),
    "sns": lambda sns: [topic["TopicArn"] for topic in sns.list_topics()["Topics"]],
    "ssm": lambda ssm: [each["Name"] for each in ssm.describe_parameters()["Parameters"]],
    "logs": lambda logs: [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]],
    "cloudwatch": lambda watch: [alarm["AlarmName"] for alarm in watch.describe_alarms()["MetricAlarms"]],
    "application-autoscaling": lambda scaling: [
        target["ResourceId"] for target in scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    ],
}
