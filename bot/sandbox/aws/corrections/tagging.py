"""Corrections of the search by tags: what was deleted is not found."""

from collections.abc import Callable, Iterator
from typing import Any

from moto.ec2.models import EC2Backend
from moto.ecs.models import EC2ContainerServiceBackend
from moto.rds.models import RDSBackend

from bot.sandbox.aws.corrections.correction import AwsFunction, EmulatorCorrection, wrap


def _gone_in_ec2(backend: EC2Backend) -> set[str]:
    return {each.id for each in backend.nat_gateways.values() if each.state == "deleted"}


def _gone_in_ecs(backend: EC2ContainerServiceBackend) -> set[str]:
    # Of task definitions it was not seen on AWS, where an inactive one can be described for ever.
    definitions = (each for family in backend.task_definitions.values() for each in family.values())
    return {
        *(each.arn for each in backend.clusters.values() if each.status == "INACTIVE"),
        *(each.arn for each in backend.services.values() if each.status == "INACTIVE"),
        *(each.arn for each in definitions if each.status == "INACTIVE"),
    }


def _gone_in_rds(backend: RDSBackend) -> set[str]:
    # A cluster's automated snapshots end with it.
    return {
        each.arn
        for each in backend.cluster_snapshots.values()
        if each.snapshot_type == "automated" and each.cluster.db_cluster_identifier not in backend.clusters
    }


def _without(gone: Callable[[Any], set[str]]) -> Callable[[AwsFunction], AwsFunction]:
    def around(found: AwsFunction) -> AwsFunction:
        def corrected(self: Any) -> Iterator[Any]:
            left_out = gone(self)
            return (each for each in found(self) if not {each.arn, each.arn.rpartition("/")[2]} & left_out)

        return corrected

    return around


def _what_is_deleted_is_not_found() -> None:
    wrap(EC2Backend, "iter_tagged_resources", _without(_gone_in_ec2))
    wrap(EC2ContainerServiceBackend, "iter_tagged_resources", _without(_gone_in_ecs))
    wrap(RDSBackend, "iter_tagged_resources", _without(_gone_in_rds))


CORRECTIONS = (
    EmulatorCorrection(
        name="what is deleted is not found by its tags",
        restores="NAT gateways, clusters, services and task definitions that were deleted, and the automated snapshots of a deleted "
        "cluster, are no longer found by their tags.",
        without="A destroy of the shipped template ends with a receipt of things to delete by hand, which nobody can.",
        install=_what_is_deleted_is_not_found,
    ),
)
