"""`aws.dns-delegation` against moto: its own records, and nobody else's."""

from typing import TYPE_CHECKING, Literal

import boto3
import pytest

from bot.hooks.aws.dns_delegation import AwsDnsDelegation, DelegationInputs
from bot.hooks.kind import HookFailed, VerifyFailed
from bot.names import ParameterName
from tests.hooks.conftest import Surroundings
from tests.support.cloud import REGION

if TYPE_CHECKING:
    from mypy_boto3_route53.type_defs import ResourceRecordSetTypeDef

KIND = AwsDnsDelegation()
DOMAIN = "demo-x.clones.example"
SERVERS = ("ns-1.dns.example", "ns-2.dns.example")


@pytest.fixture
def parent(aws: None) -> str:
    client = boto3.client("route53", REGION)
    client.create_hosted_zone(Name="example", CallerReference="far")
    made = client.create_hosted_zone(Name="clones.example", CallerReference="near")
    return made["HostedZone"]["Id"].rpartition("/")[2]


def inputs(*servers: str, **more: object) -> DelegationInputs:
    return DelegationInputs.model_validate({"domain": DOMAIN, "name_servers": servers or SERVERS, **more})


def present(parent: str) -> dict[str, list[str]]:
    records = boto3.client("route53", REGION).list_resource_record_sets(HostedZoneId=parent)["ResourceRecordSets"]
    found = {f"{each['Type']} {each['Name']}": sorted(r["Value"] for r in each["ResourceRecords"]) for each in records}
    return {name: values for name, values in found.items() if name not in {"NS clones.example.", "SOA clones.example."}}


def put(parent: str, name: str, kind: Literal["NS", "TXT"], value: str) -> None:
    record: ResourceRecordSetTypeDef = {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value}]}
    boto3.client("route53", REGION).change_resource_record_sets(
        HostedZoneId=parent, ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]}
    )


@pytest.mark.sample
def test_the_nearest_zone_delegates_and_takes_it_back(around: Surroundings, parent: str) -> None:
    assert KIND.check(inputs(), around.context()).text == f"clones.example delegates {DOMAIN} to nobody so far"
    applied = KIND.apply(inputs(), around.context())
    made = {
        f"NS {DOMAIN}.": [f"{server}." for server in SERVERS],
        "TXT _envclone-demo-x.clones.example.": ['"demo-x/extra"'],
    }
    assert present(parent) == made
    assert applied.outputs[ParameterName("parent_zone_id")] == parent
    assert KIND.check(inputs(), around.context()).result == "already_so"
    again = KIND.apply(inputs(*(f"{server}." for server in reversed(SERVERS))), around.context())
    assert again.evidence == f"clones.example delegated {DOMAIN} already"
    assert present(parent) == made
    assert KIND.verify(inputs(), around.context()) == f"clones.example leads to 2 name servers of {DOMAIN}"
    assert applied.undo is not None
    assert KIND.undo(applied.undo, around.context()) == f"clones.example no longer delegates {DOMAIN}"
    assert present(parent) == {}
    assert "that this step made" in KIND.undo(applied.undo, around.context())


def test_other_name_servers_are_put_in_the_place_of_its_own(around: Surroundings, parent: str) -> None:
    KIND.apply(inputs(), around.context())
    other = inputs("ns-8.dns.example", "ns-9.dns.example", parent_zone_id=parent)
    assert KIND.check(other, around.context()).result == "would_change"
    with pytest.raises(VerifyFailed, match=r"ns-1\.dns\.example"):
        KIND.verify(other, around.context())
    KIND.apply(other, around.context())
    assert present(parent)[f"NS {DOMAIN}."] == ["ns-8.dns.example.", "ns-9.dns.example."]


@pytest.mark.parametrize(
    ("name", "kind", "value"),
    [
        (DOMAIN, "NS", "ns.theirs.example."),
        ("_envclone-demo-x.clones.example", "TXT", '"other/extra"'),
    ],
)
def test_what_another_made_is_neither_changed_nor_removed(
    around: Surroundings, parent: str, name: str, kind: Literal["NS", "TXT"], value: str
) -> None:
    put(parent, name, kind, value)
    before = present(parent)
    with pytest.raises(HookFailed, match="this step did not do it") as failure:
        KIND.apply(inputs(), around.context())
    assert failure.value.is_final
    left = KIND.may_leave(inputs(), around.context())
    assert "holds no delegation" in KIND.undo(left, around.context())
    assert present(parent) == before


def test_a_parent_that_is_not_there_is_named_and_undo_is_content(around: Surroundings, aws: None) -> None:
    with pytest.raises(HookFailed, match=r"no public zone above demo-x\.clones\.example in this account"):
        KIND.apply(inputs(), around.context())
    with pytest.raises(HookFailed, match="no public zone with the id `Z0`"):
        KIND.apply(inputs(parent_zone_id="Z0"), around.context())
    left = KIND.may_leave(inputs(), around.context())
    assert KIND.undo(left, around.context()) == f"no zone delegates {DOMAIN} any more"


def test_a_zone_that_is_no_parent_is_refused(around: Surroundings, parent: str) -> None:
    with pytest.raises(HookFailed, match=r"demo-x\.other\.example does not lie in the zone clones\.example"):
        KIND.apply(inputs(domain="demo-x.other.example", parent_zone_id=parent), around.context())


def test_a_private_zone_delegates_nothing(around: Surroundings, aws: None) -> None:
    vpc = {"VPCRegion": REGION, "VPCId": "vpc-1"}
    config = {"Comment": "", "PrivateZone": True}
    client = boto3.client("route53", REGION)
    client.create_hosted_zone(Name="clones.example", CallerReference="p", VPC=vpc, HostedZoneConfig=config)  # type: ignore[arg-type]
    with pytest.raises(HookFailed, match="no public zone above"):
        KIND.apply(inputs(), around.context())


def test_a_long_label_still_has_a_mark(around: Surroundings, parent: str) -> None:
    label = "x" * 60
    applied = KIND.apply(inputs(domain=f"{label}.clones.example"), around.context())
    assert len(present(parent)) == 2
    assert applied.undo is not None
    KIND.undo(applied.undo, around.context())
    assert present(parent) == {}


@pytest.mark.parametrize("domain", ["clones", "-x.example", "a..b", "a b.example", "*.example"])
def test_a_name_that_is_none_is_refused(domain: str) -> None:
    with pytest.raises(ValueError, match="domain"):
        DelegationInputs.model_validate({"domain": domain, "name_servers": SERVERS})
