"""Kinds of AWS resources, each with how somebody changes one outside, for the test that makes code of them all at once."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Client = Callable[[str], Any]
Change = Callable[[Client, Mapping[str, Any]], object]
"""Changes a resource outside; given how to make a client of a service, and the resource's attributes in the state."""

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}],
    }
)
ALLOW = 'jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "*" }] })'
DENY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"}]}
)


@dataclass(frozen=True)
class AwsKind:
    """A resource type, the arguments of one resource of it, and how somebody changes that outside."""

    type: str
    arguments: str
    change: Change

    @property
    def code(self) -> str:
        return f'resource "{self.type}" "this" {{\n{self.arguments.strip()}\n}}\n'


def tagged(client: Client, state: Mapping[str, Any]) -> object:
    """Tag what EC2 has."""
    return client("ec2").create_tags(Resources=[state["id"]], Tags=[{"Key": "by", "Value": "somebody"}])


KINDS = [
    AwsKind("aws_ssm_parameter", 'name = "/codify/p"\ntype = "String"\nvalue = "one"',
        lambda c, s: c("ssm").put_parameter(Name=s["name"], Description="${two}", Value="one", Type="String", Overwrite=True)),
    AwsKind("aws_sns_topic", 'name = "topic"\ndisplay_name = "One"',
        lambda c, s: c("sns").set_topic_attributes(TopicArn=s["arn"], AttributeName="DisplayName", AttributeValue="Two")),
    AwsKind("aws_sqs_queue", 'name = "queue"\nvisibility_timeout_seconds = 30',
        lambda c, s: c("sqs").set_queue_attributes(QueueUrl=s["id"], Attributes={"VisibilityTimeout": "60"})),
    AwsKind("aws_dynamodb_table", 'name = "table"\nbilling_mode = "PAY_PER_REQUEST"\nhash_key = "id"\nattribute {\n  name = "id"\n  type = "S"\n}',
        lambda c, s: c("dynamodb").update_table(TableName="table", DeletionProtectionEnabled=True)),
    AwsKind("aws_s3_bucket", 'bucket = "codify-bucket"\ntags = { Name = "b" }',
        lambda c, s: c("s3").put_bucket_tagging(Bucket=s["id"], Tagging={"TagSet": [{"Key": "Name", "Value": "b"}, {"Key": "cost center", "Value": "7"}]})),
    AwsKind("aws_s3_bucket_versioning", 'bucket = aws_s3_bucket.this.id\nversioning_configuration {\n  status = "Enabled"\n}',
        lambda c, s: c("s3").put_bucket_versioning(Bucket=s["id"], VersioningConfiguration={"Status": "Suspended"})),
    AwsKind("aws_s3_bucket_public_access_block", "bucket = aws_s3_bucket.this.id\nblock_public_acls = true",
        lambda c, s: c("s3").put_public_access_block(Bucket=s["id"], PublicAccessBlockConfiguration={"BlockPublicAcls": True, "BlockPublicPolicy": True})),
    AwsKind("aws_iam_role", f'name = "role"\ndescription = "One"\nassume_role_policy = {json.dumps(TRUST)}',
        lambda c, s: c("iam").update_role(RoleName="role", Description="Two", MaxSessionDuration=7200)),
    AwsKind("aws_iam_policy", f'name = "policy"\npolicy = {ALLOW}',
        lambda c, s: c("iam").create_policy_version(PolicyArn=s["arn"], PolicyDocument=DENY, SetAsDefault=True)),
    AwsKind("aws_iam_role_policy", f'name = "inline"\nrole = aws_iam_role.this.id\npolicy = {ALLOW}',
        lambda c, s: c("iam").put_role_policy(RoleName="role", PolicyName="inline", PolicyDocument=DENY)),
    AwsKind("aws_iam_user", 'name = "user"',
        lambda c, s: c("iam").tag_user(UserName="user", Tags=[{"Key": "team", "Value": "a"}])),
    AwsKind("aws_kms_key", 'description = "One"',
        lambda c, s: c("kms").update_key_description(KeyId=s["key_id"], Description="Two")),
    AwsKind("aws_cloudwatch_log_group", 'name = "/codify"\nretention_in_days = 7',
        lambda c, s: c("logs").put_retention_policy(logGroupName="/codify", retentionInDays=30)),
    AwsKind("aws_cloudwatch_metric_alarm", 'alarm_name = "alarm"\nnamespace = "AWS/EC2"\nmetric_name = "CPUUtilization"\ncomparison_operator = "GreaterThanThreshold"\nevaluation_periods = 2\nperiod = 60\nstatistic = "Average"\nthreshold = 80',
        lambda c, s: c("cloudwatch").put_metric_alarm(AlarmName="alarm", Namespace="AWS/EC2", MetricName="CPUUtilization", ComparisonOperator="GreaterThanThreshold", EvaluationPeriods=3, Period=60, Statistic="Average", Threshold=90)),
    AwsKind("aws_vpc", 'cidr_block = "10.0.0.0/16"', tagged),
    AwsKind("aws_subnet", 'vpc_id = aws_vpc.this.id\ncidr_block = "10.0.1.0/24"',
        lambda c, s: c("ec2").modify_subnet_attribute(SubnetId=s["id"], MapPublicIpOnLaunch={"Value": True})),
    AwsKind("aws_security_group", 'name = "group"\nvpc_id = aws_vpc.this.id\ningress {\n  from_port = 80\n  to_port = 80\n  protocol = "tcp"\n  cidr_blocks = ["10.0.0.0/16"]\n}',
        lambda c, s: c("ec2").authorize_security_group_ingress(GroupId=s["id"], IpPermissions=[{"FromPort": 443, "ToPort": 443, "IpProtocol": "tcp", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])),
    AwsKind("aws_route_table", "vpc_id = aws_vpc.this.id", tagged),
    AwsKind("aws_internet_gateway", 'vpc_id = aws_vpc.this.id\ntags = {\n  Name = "gateway"\n}', tagged),
    AwsKind("aws_network_acl", "vpc_id = aws_vpc.this.id", tagged),
    AwsKind("aws_ebs_volume", 'availability_zone = "eu-central-1a"\nsize = 1', tagged),
    AwsKind("aws_eip", 'domain = "vpc"', tagged),
    AwsKind("aws_ecr_repository", 'name = "images"\nimage_tag_mutability = "MUTABLE"',
        lambda c, s: c("ecr").put_image_tag_mutability(repositoryName="images", imageTagMutability="IMMUTABLE")),
    AwsKind("aws_secretsmanager_secret", 'name = "secret"\ndescription = "One"',
        lambda c, s: c("secretsmanager").update_secret(SecretId=s["arn"], Description="Two")),
    AwsKind("aws_cloudwatch_event_rule", 'name = "rule"\nschedule_expression = "rate(1 hour)"',
        lambda c, s: c("events").put_rule(Name="rule", ScheduleExpression="rate(2 hours)", Description="Twice a day")),
    AwsKind("aws_route53_zone", 'name = "codify.example"\ncomment = "One"',
        lambda c, s: c("route53").update_hosted_zone_comment(Id=s["zone_id"], Comment="Two")),
    AwsKind("aws_route53_record", 'zone_id = aws_route53_zone.this.zone_id\nname = "www.codify.example"\ntype = "A"\nttl = 60\nrecords = ["192.0.2.1"]',
        lambda c, s: c("route53").change_resource_record_sets(HostedZoneId=s["zone_id"], ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": {"Name": "www.codify.example", "Type": "A", "TTL": 300, "ResourceRecords": [{"Value": "192.0.2.2"}]}}]})),
    AwsKind("aws_db_parameter_group", 'name = "parameters"\nfamily = "postgres16"\ndescription = "One"',
        lambda c, s: c("rds").add_tags_to_resource(ResourceName=s["arn"], Tags=[{"Key": "by", "Value": "somebody"}])),
    AwsKind("aws_glue_catalog_database", 'name = "catalog"\ndescription = "One"',
        lambda c, s: c("glue").update_database(Name="catalog", DatabaseInput={"Name": "catalog", "Description": "Two"})),
    AwsKind("aws_ecs_cluster", 'name = "cluster"',
        lambda c, s: c("ecs").tag_resource(resourceArn=s["arn"], tags=[{"key": "by", "value": "somebody"}])),
    AwsKind("aws_key_pair", 'key_name = "pair"\npublic_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA a@b"',
        lambda c, s: c("ec2").create_tags(Resources=[s["key_pair_id"]], Tags=[{"Key": "by", "Value": "somebody"}])),
    AwsKind("aws_iam_instance_profile", 'name = "profile"\nrole = aws_iam_role.this.name',
        lambda c, s: c("iam").tag_instance_profile(InstanceProfileName="profile", Tags=[{"Key": "by", "Value": "somebody"}])),
    AwsKind("aws_cloudwatch_dashboard", 'dashboard_name = "board"\ndashboard_body = jsonencode({ widgets = [] })',
        lambda c, s: c("cloudwatch").put_dashboard(DashboardName="board", DashboardBody='{"widgets": [{"type": "text", "x": 0, "y": 0, "width": 3, "height": 3, "properties": {"markdown": "Hi"}}]}')),
    AwsKind("aws_iam_group_policy", f'name = "inline"\ngroup = aws_iam_group.this.name\npolicy = {ALLOW}',
        lambda c, s: c("iam").delete_group_policy(GroupName="group", PolicyName="inline")),
    AwsKind("aws_sns_topic_subscription", 'topic_arn = aws_sns_topic.this.arn\nprotocol = "sqs"\nendpoint = aws_sqs_queue.this.arn',
        lambda c, s: c("sns").set_subscription_attributes(SubscriptionArn=s["arn"], AttributeName="RawMessageDelivery", AttributeValue="true")),
    AwsKind("aws_iam_group", 'name = "group"', lambda c, s: None),
]  # fmt: skip
