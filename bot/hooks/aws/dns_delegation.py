"""`aws.dns-delegation`: let the parent zone lead to the environment's own zone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from bot.core.plural import counted
from bot.hooks.aws.session import Aws, AwsRecord, awaited, speaking, unless
from bot.hooks.kind import AppliedHook, HookCheck, HookContext, HookFailed, HookKind, HookModel, VerifyFailed
from bot.model.pipeline import Json
from bot.names import ParameterName, shown

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client
    from mypy_boto3_route53.type_defs import ChangeTypeDef, ResourceRecordSetOutputTypeDef

_POLL = timedelta(seconds=5)
_LONGEST_LABEL = 63
"""Characters (RFC 1035, section 2.3.4)."""
_MARK = "_envclone-"

_HOST = r"^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z0-9][a-z0-9-]*\.?$"


def _bare(name: str) -> str:
    return name.removesuffix(".")


RecordName = Annotated[str, Field(pattern=_HOST, max_length=254), AfterValidator(_bare)]


class DelegationInputs(HookModel):
    """Which zone is delegated, and to whom."""

    domain: Annotated[RecordName, Field(description="The name of the environment's public zone.")]
    name_servers: Annotated[
        tuple[RecordName, ...], Field(min_length=2, max_length=8, description="Those of that zone.")
    ]
    parent_zone_id: Annotated[
        str | None,
        Field(
            pattern=r"^[A-Z0-9]{1,32}$",
            description="The parent zone; without it, the public zone of this account whose name is nearest above.",
        ),
    ] = None
    ttl: Annotated[int, Field(ge=30, le=172_800, description="Seconds.")] = 300


class DelegationRecord(AwsRecord):
    """Which name was delegated, in which zone; no zone when none was found before a run was killed."""

    zone_id: str | None
    domain: str


@dataclass(frozen=True, slots=True)
class _Parent:
    """The records of a name in its parent zone: where it leads to, and the mark that says which step made that."""

    zone_id: str
    zone: str
    delegation: "ResourceRecordSetOutputTypeDef | None"
    mark: "ResourceRecordSetOutputTypeDef | None"

    def is_made_by(self, owner: str) -> bool:
        return self.mark is not None and _values(self.mark) == [_quoted(owner)]


class AwsDnsDelegation(HookKind[DelegationInputs, DelegationRecord]):
    """Puts the name servers of the environment's zone into its parent zone, so that its names resolve for everybody.

    Records have no tags, so a TXT record beside the delegation (`_envclone-demo-x.clones.example` for
    `demo-x.clones.example`) says which step made it; both are created, and deleted, in one change. A delegation without
    that mark is another's and is never touched. The parent zone is in the environment's own account: one in another
    account needs a program of your own (`run:`). Undo removes what this step made.
    """

    name = "aws.dns-delegation"
    inputs = DelegationInputs
    record = DelegationRecord
    outputs: ClassVar[Mapping[ParameterName, str]] = {
        ParameterName("domain"): "The name that is delegated.",
        ParameterName("parent_zone_id"): "The zone that delegates it.",
    }

    def check(self, inputs: DelegationInputs, context: HookContext) -> HookCheck:
        parent = _parent(Aws.of(context).route53(), inputs.domain, inputs.parent_zone_id)
        if _is_so(parent, inputs, context.owner):
            return HookCheck("already_so", f"{parent.zone} delegates {inputs.domain} to its name servers")
        how = "to other name servers" if parent.delegation else "to nobody"
        return HookCheck("would_change", f"{parent.zone} delegates {inputs.domain} {how} so far")

    def apply(self, inputs: DelegationInputs, context: HookContext) -> AppliedHook[DelegationRecord]:
        aws = Aws.to_change(context)
        client = aws.route53()
        parent = _parent(client, inputs.domain, inputs.parent_zone_id)
        there = parent.delegation or parent.mark
        if there is not None and not parent.is_made_by(context.owner):
            raise HookFailed(
                f"{parent.zone} delegates {inputs.domain} already, and this step did not do it: remove "
                f"{shown(there['Name'])} ({there['Type']}) there, or choose another name.",
                is_final=True,
            )
        evidence = f"{parent.zone} delegated {inputs.domain} already"
        if not _is_so(parent, inputs, context.owner):
            # New ones must be new, so that of two who find nothing one loses.
            verb: Literal["CREATE", "UPSERT"] = "UPSERT" if there is not None else "CREATE"
            wanted = [_delegation(inputs), _mark(parent.zone, inputs.domain, context.owner)]
            _change(client, parent.zone_id, [{"Action": verb, "ResourceRecordSet": each} for each in wanted], context)
            evidence = f"{parent.zone} delegates {inputs.domain} to {', '.join(sorted(inputs.name_servers))}"
        outputs: dict[ParameterName, Json] = {
            ParameterName("domain"): inputs.domain,
            ParameterName("parent_zone_id"): parent.zone_id,
        }
        record = DelegationRecord(
            account_id=aws.account_id, region=aws.region, zone_id=parent.zone_id, domain=inputs.domain
        )
        return AppliedHook(outputs, evidence, record)

    def verify(self, inputs: DelegationInputs, context: HookContext) -> str:
        parent = _parent(Aws.of(context).route53(), inputs.domain, inputs.parent_zone_id)
        if not _is_so(parent, inputs, context.owner):
            found = ", ".join(_values(parent.delegation)) if parent.delegation else "nobody"
            raise VerifyFailed(f"{parent.zone} delegates {inputs.domain} to {found}")
        return f"{parent.zone} leads to {counted(len(inputs.name_servers), 'name server')} of {inputs.domain}"

    def undo(self, record: DelegationRecord, context: HookContext) -> str:
        client = record.account().route53()
        parent = _found(client, record.domain, record.zone_id)
        if parent is None:
            return f"no zone delegates {record.domain} any more"
        if not parent.is_made_by(context.owner):
            return f"{parent.zone} holds no delegation of {record.domain} that this step made"
        ours = [each for each in (parent.delegation, parent.mark) if each is not None]
        _change(client, parent.zone_id, [{"Action": "DELETE", "ResourceRecordSet": each} for each in ours], context)
        return f"{parent.zone} no longer delegates {record.domain}"

    def may_leave(self, inputs: DelegationInputs, context: HookContext) -> DelegationRecord:
        aws = Aws.of(context)
        return DelegationRecord(
            account_id=aws.account_id, region=aws.region, zone_id=inputs.parent_zone_id, domain=inputs.domain
        )


def _parent(client: "Route53Client", domain: str, zone_id: str | None) -> _Parent:
    """Return what the parent zone holds of the name. Raises `HookFailed` when there is no such zone."""
    parent = _found(client, domain, zone_id)
    if parent is None:
        where = f"with the id {shown(zone_id)}" if zone_id else f"above {domain}"
        raise HookFailed(f"There is no public zone {where} in this account.", is_final=True)
    return parent


def _found(client: "Route53Client", domain: str, zone_id: str | None) -> _Parent | None:
    zone = _name_of(client, zone_id) if zone_id else None
    if zone_id is None and (nearest := _nearest(client, domain)):
        zone_id, zone = nearest
    if zone_id is None or zone is None:
        return None
    if not domain.endswith(f".{zone}"):
        raise HookFailed(f"{domain} does not lie in the zone {zone}.", is_final=True)
    mark = _record(client, zone_id, _mark_name(zone, domain), "TXT")
    return _Parent(zone_id, zone, _record(client, zone_id, domain, "NS"), mark)


def _name_of(client: "Route53Client", zone_id: str) -> str | None:
    found = unless(frozenset({"NoSuchHostedZone"}), "the parent zone", lambda: client.get_hosted_zone(Id=zone_id))
    return _bare(found["HostedZone"]["Name"]) if found is not None else None


def _nearest(client: "Route53Client", domain: str) -> tuple[str, str] | None:
    labels = domain.split(".")
    for name in (".".join(labels[first:]) for first in range(1, len(labels))):
        with speaking("the search for the parent zone"):
            zones = client.list_hosted_zones_by_name(DNSName=name)["HostedZones"]
        for zone in zones:
            if _bare(zone["Name"]) == name and not zone.get("Config", {}).get("PrivateZone", False):
                return zone["Id"].rpartition("/")[2], name
    return None


def _record(
    client: "Route53Client", zone_id: str, name: str, kind: Literal["NS", "TXT"]
) -> "ResourceRecordSetOutputTypeDef | None":
    with speaking(f"the reading of {shown(name)}"):
        answer = client.list_resource_record_sets(
            HostedZoneId=zone_id, StartRecordName=name, StartRecordType=kind, MaxItems="1"
        )
    found = answer["ResourceRecordSets"]
    return next((each for each in found if _bare(each["Name"]) == name and each["Type"] == kind), None)


def _change(client: "Route53Client", zone_id: str, changes: "Sequence[ChangeTypeDef]", context: HookContext) -> None:
    """Make the changes, all or none, and wait until every name server of the parent zone knows them."""
    with speaking("the change of the parent zone"):
        batch = client.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": changes})

    def is_in_sync() -> bool | None:
        with speaking("the state of the change"):
            return client.get_change(Id=batch["ChangeInfo"]["Id"])["ChangeInfo"]["Status"] == "INSYNC" or None

    awaited("Route 53 to spread the change", is_in_sync, context, _POLL)


def _is_so(parent: _Parent, inputs: DelegationInputs, owner: str) -> bool:
    there = parent.delegation
    return (
        there is not None
        and parent.is_made_by(owner)
        and there.get("TTL") == inputs.ttl
        and {_bare(value) for value in _values(there)} == {*inputs.name_servers}
    )


def _delegation(inputs: DelegationInputs) -> "ResourceRecordSetOutputTypeDef":
    servers = [{"Value": f"{server}."} for server in sorted(inputs.name_servers)]
    return {"Name": inputs.domain, "Type": "NS", "TTL": inputs.ttl, "ResourceRecords": servers}  # type: ignore[typeddict-item]


def _mark(zone: str, domain: str, owner: str) -> "ResourceRecordSetOutputTypeDef":
    value = [{"Value": _quoted(owner)}]
    return {"Name": _mark_name(zone, domain), "Type": "TXT", "TTL": 300, "ResourceRecords": value}  # type: ignore[typeddict-item]


def _mark_name(zone: str, domain: str) -> str:
    label, dot, rest = domain.removesuffix(f".{zone}").partition(".")
    return f"{_MARK}{label}"[:_LONGEST_LABEL] + f"{dot}{rest}.{zone}"


def _values(record: "ResourceRecordSetOutputTypeDef") -> list[str]:
    return [each["Value"] for each in record.get("ResourceRecords", [])]


def _quoted(text: str) -> str:
    return f'"{text}"'
