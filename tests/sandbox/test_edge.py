"""The edge answers from the DNS records, load balancers and rules that the sandbox's AWS holds, and from nothing else."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from bot.sandbox.aws import SandboxAws
from bot.sandbox.edge import REASON, Edge
from tests.support.patience import PATIENCE
from tests.support.sandbox_aws import CLONES, client, sandbox_aws

pytestmark = pytest.mark.whole
HOST = "demo-x.clones.acme.example"


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxAws]:
    with sandbox_aws(tmp_path_factory.mktemp("aws")) as aws:
        yield aws


@pytest.fixture(scope="module")
def edge(aws: SandboxAws) -> Iterator[Edge]:
    edge = Edge(aws)
    with edge.running():
        yield edge


def record(route53: Any, zone: str, name: str, value: dict[str, Any]) -> None:
    change = {"Action": "UPSERT", "ResourceRecordSet": {"Name": name, **value}}
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})


def alias(name: str) -> dict[str, Any]:
    target = {"HostedZoneId": "Z215JYRZR1TBD5", "DNSName": name, "EvaluateTargetHealth": True}
    return {"Type": "A", "AliasTarget": target}


def cname(name: str) -> dict[str, Any]:
    return {"Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": name}]}


def path(*patterns: str) -> dict[str, Any]:
    return {"Field": "path-pattern", "PathPatternConfig": {"Values": list(patterns)}}


def fixed(status: str, body: str) -> dict[str, Any]:
    answer = {"StatusCode": status, "ContentType": "application/json", "MessageBody": body}
    return {"Type": "fixed-response", "FixedResponseConfig": answer}


@pytest.fixture(scope="module")
def shop(aws: SandboxAws) -> None:
    """A load balancer with a name, a default action that forwards, and rules."""
    environment = aws.account_environment(CLONES)
    ec2, elbv2, route53 = (client(environment, service) for service in ("ec2", "elbv2", "route53"))
    vpc = ec2.create_vpc(CidrBlock="10.64.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.64.{third}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for third, zone in enumerate(("eu-central-1a", "eu-central-1b"))
    ]
    group = ec2.create_security_group(GroupName="web", Description="web", VpcId=vpc)["GroupId"]
    for port in (80, 8000):
        ec2.authorize_security_group_ingress(
            GroupId=group, IpProtocol="tcp", FromPort=port, ToPort=port, CidrIp="0.0.0.0/0"
        )
    balancer = elbv2.create_load_balancer(Name="demo-x", Subnets=subnets, SecurityGroups=[group])["LoadBalancers"][0]
    target = elbv2.create_target_group(Name="app", Protocol="HTTP", Port=8080, VpcId=vpc, TargetType="ip")
    forward = {"Type": "forward", "TargetGroupArn": target["TargetGroups"][0]["TargetGroupArn"]}
    arn = balancer["LoadBalancerArn"]
    for port in (80, 9000):
        listener = elbv2.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=port, DefaultActions=[forward])
        if port == 80:
            rules = listener["Listeners"][0]["ListenerArn"]
    redirect = {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
    for priority, conditions, action in (
        (30, [path("/*")], {"Type": "redirect", "RedirectConfig": redirect}),
        (10, [path("/healthz")], fixed("200", '{"status":"ok"}')),
        (20, [path("/app", "/app/*")], forward),
        (15, [path("/only"), {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["POST"]}}],
         fixed("202", "taken")),
    ):  # fmt: skip
        elbv2.create_rule(ListenerArn=rules, Priority=priority, Conditions=conditions, Actions=[action])
    zone = next(each["Id"] for each in route53.list_hosted_zones()["HostedZones"])
    record(route53, zone, HOST, alias(f"dualstack.{balancer['DNSName']}"))
    record(route53, zone, "www.clones.acme.example", cname(HOST))
    record(route53, zone, "circle.clones.acme.example", cname("circle.clones.acme.example"))
    record(route53, zone, "far.clones.acme.example", cname("far.example.org"))
    record(route53, zone, "gone.clones.acme.example", alias("gone-1.eu-central-1.elb.amazonaws.com"))
    private = route53.create_hosted_zone(
        Name="shop.internal", CallerReference="x", VPC={"VPCRegion": "eu-central-1", "VPCId": vpc}
    )
    record(route53, private["HostedZone"]["Id"], "app.shop.internal", alias(balancer["DNSName"]))


def ask(edge: Edge, url: str, method: str = "GET") -> httpx.Response:
    return httpx.request(method, url, proxy=edge.url, timeout=PATIENCE)


@pytest.mark.usefixtures("shop")
def test_a_fixed_response_is_answered_at_the_public_name(edge: Edge) -> None:
    answer = ask(edge, f"http://{HOST}/healthz?verbose=1")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.usefixtures("shop")
def test_names_are_followed_from_one_to_the_next(edge: Edge) -> None:
    assert ask(edge, "http://WWW.clones.acme.example/healthz").status_code == 200


@pytest.mark.usefixtures("shop")
def test_a_target_group_without_targets_is_unavailable(edge: Edge) -> None:
    assert ask(edge, f"http://{HOST}/app/x").status_code == 503


@pytest.mark.usefixtures("shop")
def test_the_first_rule_by_priority_whose_conditions_all_hold_decides(edge: Edge) -> None:
    assert ask(edge, f"http://{HOST}/only", "POST").status_code == 202
    redirected = ask(edge, f"http://{HOST}/only", "GET")
    assert redirected.status_code == 301
    assert redirected.headers["Location"] == f"https://{HOST}:443/only"


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("url", "status", "reason"),
    [
        ("http://absent.clones.acme.example/", 502, "no public DNS record"),
        ("http://elsewhere.example.com/", 502, "no public DNS record"),
        ("http://app.shop.internal/healthz", 502, "no public DNS record"),
        ("http://circle.clones.acme.example/", 502, "form a loop"),
        ("http://far.clones.acme.example/", 502, "outside the sandbox"),
        ("http://gone.clones.acme.example/", 502, "no such load balancer"),
        (f"http://{HOST}:8000/", 502, "does not listen on port 8000"),
        (f"http://{HOST}:9000/", 504, "allows port 9000"),
    ],
)
def test_what_is_not_there_is_not_reached_and_says_why(edge: Edge, url: str, status: int, reason: str) -> None:
    answer = ask(edge, url)
    assert answer.status_code == status
    assert reason in answer.headers[REASON]


@pytest.mark.usefixtures("shop")
def test_clients_find_the_edge_through_their_environment(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in edge.environment().items():
        monkeypatch.setenv(name, value)
    assert httpx.get(f"http://{HOST}/healthz", timeout=PATIENCE).status_code == 200
    assert edge.environment()["NO_PROXY"] == "127.0.0.1,localhost"


def test_tunnels_are_not_carried(edge: Edge) -> None:
    with pytest.raises(httpx.ProxyError, match="501"):
        ask(edge, "https://example.com/")
