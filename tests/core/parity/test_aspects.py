"""Aspects: which promise of a purpose a difference is about."""

import pytest

from bot.clouds.registry import FACTS
from bot.core.hcl.address_patterns import matches
from bot.core.parity.aspects import AspectFacts, aspect_of, is_secret, tabled
from bot.model.template import Aspect


@pytest.mark.parametrize(
    ("address", "attribute", "aspect"),
    [
        ("data/aws_rds_cluster.this", "db_cluster_instance_class", "sizes"),
        ("data/aws_rds_cluster.this", "storage_type", "sizes"),
        ("data/aws_rds_cluster.this", "engine_version", "versions"),
        ("data/aws_rds_cluster.this", "backup_retention_period", "data"),
        ("app/aws_ecs_task_definition.app", "container_definitions[0].image", "versions"),
        ("app/aws_appautoscaling_target.app", "max_capacity", "scaling"),
        ("app/aws_ecs_service.app", "desired_count", "scaling"),
        ("app/aws_instance.x", 'ebs_block_device["a.b"].volume_size', "sizes"),
        ("data/aws_secretsmanager_secret.app", "name", "secrets"),
        ("data/aws_s3_bucket.this", "bucket", None),
        ("network/.terraform.lock.hcl", "", "versions"),
        ("network/aws_vpc_security_group_ingress_rule.web", "from_port", "topology"),
    ],
)
def test_the_table_knows_by_type_and_attribute(address: str, attribute: str, aspect: Aspect | None) -> None:
    assert tabled(address, attribute, FACTS) == aspect


def test_a_size_that_hangs_on_the_name_is_still_a_size() -> None:
    found = aspect_of(AspectFacts("changed", "app/x.y", "desired_count", is_caused_by_identity=True), {}, FACTS)
    assert found == "scaling"
    assert aspect_of(AspectFacts("changed", "app/x.y", "whatever", is_caused_by_identity=True), {}, FACTS) == "identity"


def test_the_rules_in_their_order() -> None:
    declared: dict[Aspect, tuple[str, ...]] = {"data": ("aws_s3_bucket.*:bucket", "aws_backup_plan.*")}
    assert (
        aspect_of(AspectFacts("changed", "data/aws_s3_bucket.this", "bucket", is_identity=True), declared, FACTS)
        == "data"
    )
    assert aspect_of(AspectFacts("missing", "data/aws_backup_plan.x", ""), declared, FACTS) == "data"
    assert aspect_of(AspectFacts("missing", "data/aws_sqs_queue.x", ""), declared, FACTS) == "topology"
    assert aspect_of(AspectFacts("changed", "a/b.c", "image", is_identity=True), {}, FACTS) == "identity"
    assert aspect_of(AspectFacts("changed", "a/b.c", "image", is_outbound=True), {}, FACTS) == "outbound"


def test_patterns_have_one_special_character() -> None:
    assert matches('aws_subnet.p["a?"]:*', 'network/aws_subnet.p["a?"]', "tags.Name")
    assert not matches('aws_subnet.p["a?"]:*', 'network/aws_subnet.p["ab"]', "tags.Name")
    assert not matches("aws_subnet.p", "network/aws_subnet.p", "tags.Name")
    assert not matches("aws_subnet.p", "network/aws_subnet.p", "", any_stack=False)


def test_values_of_secrets_are_known_by_their_attribute() -> None:
    assert is_secret("master_password")
    assert is_secret("auth[0].private_key_pem")
    assert not is_secret("password_policy")
    assert not is_secret("manage_master_user_password_rotation")
