"""Where a request from the internet would end: public DNS, then the load balancer, its listener and its rules.

Everything is asked of the sandbox's AWS at the moment of the request, so an answer proves that the name, the load balancer, its
security group and the rule are really there.
"""

import fnmatch
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

from bot.sandbox.aws.session import Admin

Description: TypeAlias = Mapping[str, Any]
"""A resource as AWS describes it."""

MOST_ALIASES = 8
"""Names that are followed from one to the next, as resolvers do, before a chain is called a loop."""


@dataclass(frozen=True, slots=True)
class InternetRequest:
    """What the load balancer sees: `host` without a port, `path` without the query."""

    method: str
    host: str
    port: int
    path: str


@dataclass(frozen=True, slots=True)
class InternetAnswer:
    """An HTTP answer; `headers` hold Content-Type or Location."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Unreachable(Exception):
    """No HTTP answer at all: the name does not resolve, or nothing accepts the connection."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Internet:
    """Resolves names and answers requests from what the accounts hold."""

    def __init__(self, endpoint: str, accounts: Callable[[], Sequence[str]]) -> None:
        self._accounts = accounts
        self._admin = cache(lambda account, region: Admin(endpoint, account, region))

    def answer(self, request: InternetRequest) -> InternetAnswer:
        """Return what a client would get. Raises `Unreachable`."""
        elbv2, balancer = self._load_balancer(self._resolve(request.host), request.host)
        _admit(self._admin_of(balancer).client("ec2"), balancer, request.port)
        listener = next(
            (
                each
                for each in elbv2.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
                if each["Port"] == request.port
            ),
            None,
        )
        if listener is None:
            raise Unreachable(502, f"{request.host}: the load balancer does not listen on port {request.port}")
        rules = elbv2.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
        return _perform(elbv2, _chosen(rules, request)["Actions"][-1], request)

    def _resolve(self, host: str) -> str:
        """Return the name at the end of the aliases of `host`: no more record of it in any public zone."""
        name = host.lower().rstrip(".")
        for _ in range(MOST_ALIASES):
            target = self._target(name)
            if target is None:
                if name == host.lower().rstrip("."):
                    raise Unreachable(502, f"{host}: no public DNS record")
                return name
            name = target.lower().rstrip(".").removeprefix("dualstack.")
        raise Unreachable(502, f"{host}: its DNS records form a loop")

    def _target(self, name: str) -> str | None:
        zones = [
            (zone, route53)
            for account in self._accounts()
            for route53 in (self._admin(account, "us-east-1").client("route53"),)
            for zone in route53.list_hosted_zones()["HostedZones"]
            if not zone["Config"]["PrivateZone"] and f".{name}.".endswith(f".{zone['Name']}")
        ]
        if not zones:
            return None
        zone, route53 = max(zones, key=lambda found: len(found[0]["Name"]))
        records = route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
        for record in records:
            if record["Name"].lower() == f"{name}.":
                if record["Type"] == "A" and "AliasTarget" in record:
                    return str(record["AliasTarget"]["DNSName"])
                if record["Type"] == "CNAME":
                    return str(record["ResourceRecords"][0]["Value"])
        return None

    def _load_balancer(self, name: str, host: str) -> tuple[Any, Description]:
        region = name.removesuffix(".elb.amazonaws.com").rpartition(".")[2]
        if not name.endswith(".elb.amazonaws.com"):
            raise Unreachable(502, f"{host} points to {name}, which is outside the sandbox")
        for account in self._accounts():
            elbv2 = self._admin(account, region).client("elbv2")
            for balancer in elbv2.describe_load_balancers()["LoadBalancers"]:
                if balancer["DNSName"].lower() == name:
                    return elbv2, balancer
        raise Unreachable(502, f"{host} points to {name}, but there is no such load balancer")

    def _admin_of(self, balancer: Description) -> Admin:
        _, _, _, region, account, _ = balancer["LoadBalancerArn"].split(":", 5)
        return self._admin(account, region)


def _admit(ec2: Any, balancer: Description, port: int) -> None:
    """Let the connection through if a security group does; a closed port answers nothing, which a client sees as 504."""
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": balancer["SecurityGroups"]}])
    for rule in rules["SecurityGroupRules"]:
        whole = rule["IpProtocol"] == "-1" or rule.get("FromPort", -1) <= port <= rule.get("ToPort", -1)
        if not rule["IsEgress"] and whole and rule.get("CidrIpv4") == "0.0.0.0/0":
            return
    raise Unreachable(504, f"no security group of the load balancer allows port {port} from the internet")


def _chosen(rules: Sequence[Description], request: InternetRequest) -> Description:
    def priority(rule: Description) -> float:
        return float("inf") if rule["Priority"] == "default" else int(rule["Priority"])

    return next(
        rule
        for rule in sorted(rules, key=priority)
        if all(_matches(condition, request) for condition in rule.get("Conditions", ()))
    )


def _matches(condition: Description, request: InternetRequest) -> bool:
    match condition["Field"]:
        case "path-pattern":
            return _any_matches(_values(condition, "PathPatternConfig"), request.path)
        case "host-header":
            return _any_matches([each.lower() for each in _values(condition, "HostHeaderConfig")], request.host.lower())
        case "http-request-method":
            return request.method in _values(condition, "HttpRequestMethodConfig")
        case _:
            return False  # a condition on something that we don't see never holds


def _values(condition: Description, config: str) -> list[str]:
    return list(condition.get(config, {}).get("Values") or condition.get("Values", ()))


def _any_matches(patterns: Iterable[str], text: str) -> bool:
    return any(fnmatch.fnmatchcase(text, pattern.replace("[", "[[]")) for pattern in patterns)


def _perform(elbv2: Any, action: Description, request: InternetRequest) -> InternetAnswer:
    match action["Type"]:
        case "fixed-response":
            fixed = action["FixedResponseConfig"]
            kind = {"Content-Type": fixed.get("ContentType") or "text/plain"}
            return InternetAnswer(int(fixed["StatusCode"]), kind, (fixed.get("MessageBody") or "").encode())
        case "redirect":
            redirect = action["RedirectConfig"]
            protocol = redirect.get("Protocol", "#{protocol}").replace("#{protocol}", "HTTP").lower()
            host = redirect.get("Host", "#{host}").replace("#{host}", request.host)
            port = redirect.get("Port", "#{port}").replace("#{port}", str(request.port))
            path = redirect.get("Path", "/#{path}").replace("#{path}", request.path.removeprefix("/"))
            status = 301 if redirect["StatusCode"] == "HTTP_301" else 302
            return InternetAnswer(status, {"Location": f"{protocol}://{host}:{port}{path}"}, b"")
        case "forward":
            return _forwarded(elbv2, action)
        case other:
            return _plain(501, f"the sandbox's load balancer does not support {other}")


def _forwarded(elbv2: Any, action: Description) -> InternetAnswer:
    groups = [action["TargetGroupArn"]] if "TargetGroupArn" in action else []
    groups += [group["TargetGroupArn"] for group in action.get("ForwardConfig", {}).get("TargetGroups", ())]
    for group in dict.fromkeys(groups):
        health = elbv2.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        if any(each["TargetHealth"]["State"] == "healthy" for each in health):
            return _plain(502, "the sandbox runs no targets")
    return _plain(503, "the target group has no healthy targets")


def _plain(status: int, text: str) -> InternetAnswer:
    return InternetAnswer(status, {"Content-Type": "text/plain"}, f"{text}\n".encode())
