"""Corrections of EC2 and Route 53."""

from typing import Any, cast

from moto.core.responses import ActionResult
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.route53.responses import Route53

from bot.sandbox.aws.corrections.correction import AwsFunction, EmulatorCorrection, wrap


def _zones_of_a_network_are_private() -> None:
    def around(create: AwsFunction) -> AwsFunction:
        def corrected(self: Route53) -> ActionResult:
            answer: ActionResult = create(self)
            zone = cast(dict[str, Any], answer.result)["HostedZone"]
            vpc_id = self._get_param("VPC.VPCId")
            if vpc_id and not zone.private_zone:
                zone.private_zone = True
                zone.add_vpc(vpc_id, self._get_param("VPC.VPCRegion"))
            return answer

        return corrected

    wrap(Route53, "create_hosted_zone", around)


def _rules_between_groups_keep_their_description() -> None:
    def description(self: SecurityGroupRule) -> str | None:
        return self.ip_range.get("Description") or self.source_group.get("Description")

    wrap(SecurityGroupRule, "description", lambda _: property(description))


CORRECTIONS = (
    EmulatorCorrection(
        "zones of a network are private",
        "CreateHostedZone with a VPC makes a private zone, which GetHostedZone lists with its VPCs.",
        "The zone is public, and Terraform plans to attach the VPC again, for ever.",
        _zones_of_a_network_are_private,
    ),
    EmulatorCorrection(
        "rules between groups keep their description",
        "DescribeSecurityGroupRules answers the description of a rule whose source is a group.",
        "Terraform plans to describe the rule again, for ever.",
        _rules_between_groups_keep_their_description,
    ),
)
