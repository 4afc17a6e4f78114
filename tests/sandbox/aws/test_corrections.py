"""Each correction of moto restores what AWS does."""

import io
import json
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bot.sandbox.aws import SandboxAws
from bot.sandbox.aws.corrections import ALL
from tests.support.sandbox_aws import CLONES, REGION, client, sandbox_aws


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxAws]:
    with sandbox_aws(tmp_path_factory.mktemp("aws")) as aws:
        yield aws


@pytest.fixture
def clones(aws: SandboxAws) -> dict[str, str]:
    return aws.account_environment(CLONES)


@pytest.fixture
def vpc_id(clones: dict[str, str]) -> str:
    return str(client(clones, "ec2").create_vpc(CidrBlock="10.64.0.0/16")["Vpc"]["VpcId"])


def test_every_correction_says_what_it_restores_and_what_goes_wrong_without() -> None:
    assert len({correction.name for correction in ALL}) == len(ALL)
    for correction in ALL:
        assert correction.restores.endswith(".")
        assert correction.without.endswith(".")


def test_a_zone_made_with_a_network_is_private_and_names_it(clones: dict[str, str], vpc_id: str) -> None:
    route53 = client(clones, "route53")
    made = route53.create_hosted_zone(
        Name="shop.internal", CallerReference=vpc_id, VPC={"VPCRegion": REGION, "VPCId": vpc_id}
    )
    found = route53.get_hosted_zone(Id=made["HostedZone"]["Id"])
    assert found["HostedZone"]["Config"]["PrivateZone"] is True
    assert found["VPCs"] == [{"VPCRegion": REGION, "VPCId": vpc_id}]
    assert "DelegationSet" not in found


def test_a_zone_made_without_a_network_is_public(clones: dict[str, str]) -> None:
    route53 = client(clones, "route53")
    made = route53.create_hosted_zone(Name="public.example", CallerReference="public")
    found = route53.get_hosted_zone(Id=made["HostedZone"]["Id"])
    assert found["HostedZone"]["Config"]["PrivateZone"] is False
    assert len(found["DelegationSet"]["NameServers"]) == 4


@pytest.mark.parametrize("source", ["group", "cidr"])
def test_a_rule_keeps_its_description_whatever_its_source(clones: dict[str, str], vpc_id: str, source: str) -> None:
    ec2 = client(clones, "ec2")
    group = ec2.create_security_group(GroupName="app", Description="app", VpcId=vpc_id)["GroupId"]
    described = {"Description": "From the load balancer"}
    sources: dict[str, Any] = {
        "group": {"UserIdGroupPairs": [{"GroupId": group, **described}]},
        "cidr": {"IpRanges": [{"CidrIp": "10.0.0.0/8", **described}]},
    }
    permission = {"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, **sources[source]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])["SecurityGroupRules"]
    assert [rule.get("Description") for rule in rules if not rule["IsEgress"]] == ["From the load balancer"]


def test_a_cluster_that_is_not_serverless_scales_no_capacity(clones: dict[str, str]) -> None:
    rds = client(clones, "rds")
    rds.create_db_cluster(
        DBClusterIdentifier="shop",
        Engine="postgres",
        MasterUsername="shop",
        ManageMasterUserPassword=True,
        DBClusterInstanceClass="db.r6gd.xlarge",
        AllocatedStorage=100,
    )
    assert "ScalingConfigurationInfo" not in rds.describe_db_clusters()["DBClusters"][0]


def test_a_redrive_policy_is_answered_without_spaces(clones: dict[str, str]) -> None:
    sqs = client(clones, "sqs")
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 5})
    queue = sqs.create_queue(QueueName="orders", Attributes={"RedrivePolicy": policy})["QueueUrl"]
    answered = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]["RedrivePolicy"]
    assert answered == f'{{"deadLetterTargetArn":"{arn}","maxReceiveCount":5}}'


@pytest.fixture
def service(clones: dict[str, str], vpc_id: str) -> dict[str, Any]:
    ecs = client(clones, "ecs")
    cluster = f"cluster-{vpc_id}"
    ecs.create_cluster(clusterName=cluster)
    ecs.register_task_definition(family="app", containerDefinitions=[{"name": "app", "image": "app:1", "memory": 128}])
    ecs.create_service(
        cluster=cluster,
        serviceName="app",
        taskDefinition="app",
        desiredCount=1,
        healthCheckGracePeriodSeconds=60,
    )
    found: dict[str, Any] = ecs.describe_services(cluster=cluster, services=["app"])["services"][0]
    return found | {"cluster": cluster}


def test_a_service_keeps_its_grace_period_and_rebalancing(service: dict[str, Any]) -> None:
    assert service["healthCheckGracePeriodSeconds"] == 60
    assert service["availabilityZoneRebalancing"] == "DISABLED"


def test_a_client_token_starts_a_task_once(clones: dict[str, str], service: dict[str, Any]) -> None:
    ecs = client(clones, "ecs")

    def run(token: str, cluster: str = service["cluster"]) -> str:
        answer = ecs.run_task(cluster=cluster, taskDefinition="app", launchType="FARGATE", clientToken=token)
        return str(answer["tasks"][0]["taskArn"])

    other = ecs.create_cluster(clusterName="other")["cluster"]["clusterName"]
    assert run("one") == run("one")
    assert len({run("one"), run("two"), run("one", other)}) == 3


def test_a_function_answers_and_one_that_is_not_there_is_refused(clones: dict[str, str]) -> None:
    trust = {"Version": "2012-10-17", "Statement": []}
    role = client(clones, "iam").create_role(RoleName="function", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    functions = client(clones, "lambda")
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("main.py", "def handle(event, context): return event")
    functions.create_function(
        FunctionName="greet",
        Runtime="python3.13",
        Role=role["Arn"],
        Handler="main.handle",
        Code={"ZipFile": code.getvalue()},
    )
    assert json.load(functions.invoke(FunctionName="greet", Payload=b'{"a": 1}')["Payload"]) == {"a": 1}
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        functions.invoke(FunctionName="absent")


def test_a_scalable_target_keeps_its_tags(clones: dict[str, str], service: dict[str, Any]) -> None:
    scaling = client(clones, "application-autoscaling")
    arn = scaling.register_scalable_target(
        ServiceNamespace="ecs",
        ResourceId=f"service/{service['cluster']}/app",
        ScalableDimension="ecs:service:DesiredCount",
        MinCapacity=1,
        MaxCapacity=2,
        Tags={"Environment": "demo-x"},
    )["ScalableTargetARN"]
    scaling.tag_resource(ResourceARN=arn, Tags={"Owner": "shop"})
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"Environment": "demo-x", "Owner": "shop"}
    scaling.untag_resource(ResourceARN=arn, TagKeys=["Environment"])
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"Owner": "shop"}


@pytest.mark.slow
def test_a_role_is_assumed_by_the_accounts_that_it_names(aws: SandboxAws, clones: dict[str, str]) -> None:
    caller = client(aws.environment(), "sts").get_caller_identity()["Account"]
    allow = {"Effect": "Allow", "Action": "sts:AssumeRole"}
    for name, principal in (("named", caller), ("other", "333333333333")):
        trust = {
            "Version": "2012-10-17",
            "Statement": [{**allow, "Principal": {"AWS": f"arn:aws:iam::{principal}:root"}}],
        }
        client(clones, "iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    sts = client(aws.environment(), "sts")
    assumed = sts.assume_role(RoleArn=f"arn:aws:iam::{CLONES}:role/named", RoleSessionName="someone")
    assert assumed["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{CLONES}:assumed-role/named/someone"
    with pytest.raises(ClientError, match="AccessDenied"):
        sts.assume_role(RoleArn=f"arn:aws:iam::{CLONES}:role/other", RoleSessionName="someone")


@pytest.mark.exhaustive
def test_of_writers_that_race_for_a_key_one_succeeds(clones: dict[str, str]) -> None:
    s3 = client(clones, "s3")
    s3.create_bucket(Bucket="races", CreateBucketConfiguration={"LocationConstraint": REGION})

    def wins(key: str) -> bool:
        try:
            s3.put_object(Bucket="races", Key=key, Body=b"", IfNoneMatch="*")
        except ClientError as error:
            if error.response["Error"]["Code"] not in {"PreconditionFailed", "ConditionalRequestConflict"}:
                raise
            return False
        return True

    with ThreadPoolExecutor(max_workers=8) as pool:
        races = [list(pool.map(wins, [f"key-{number}"] * 8)) for number in range(10)]
    assert [sum(race) for race in races] == [1] * 10


def test_what_is_deleted_is_not_found_by_its_tags(clones: dict[str, str], vpc_id: str) -> None:
    ec2, ecs, rds = (client(clones, name) for name in ("ec2", "ecs", "rds"))
    tags, lower = [{"Key": "Environment", "Value": "gone"}], [{"key": "Environment", "value": "gone"}]
    subnet = ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.64.0.0/24")["Subnet"]["SubnetId"]
    asked = [{"ResourceType": "natgateway", "Tags": tags}]
    made = ec2.create_nat_gateway(SubnetId=subnet, ConnectivityType="private", TagSpecifications=asked)
    ecs.create_cluster(clusterName="gone", tags=lower)
    task = {"name": "app", "image": "app", "memory": 128}
    ecs.register_task_definition(family="gone", containerDefinitions=[task], tags=lower)
    ecs.create_service(cluster="gone", serviceName="app", taskDefinition="gone", desiredCount=0, tags=lower)
    login = {"MasterUsername": "root", "MasterUserPassword": "dummy-password"}
    rds.create_db_cluster(
        DBClusterIdentifier="gone", Engine="aurora-postgresql", Tags=tags, CopyTagsToSnapshot=True, **login
    )

    def found() -> set[str]:
        search = client(clones, "resourcegroupstaggingapi").get_resources
        pages = search(TagFilters=[{"Key": "Environment", "Values": ["gone"]}])["ResourceTagMappingList"]
        return {each["ResourceARN"].split(":", 5)[5].split("/")[0].split(":")[0] for each in pages}

    assert found() >= {"natgateway", "cluster", "service", "task-definition", "cluster-snapshot"}
    ec2.delete_nat_gateway(NatGatewayId=made["NatGateway"]["NatGatewayId"])
    ecs.delete_service(cluster="gone", service="app")
    ecs.deregister_task_definition(taskDefinition="gone:1")
    ecs.delete_cluster(cluster="gone")
    rds.delete_db_cluster(DBClusterIdentifier="gone", SkipFinalSnapshot=True)
    assert found() == set()
