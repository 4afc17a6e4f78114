"""The plans of many clones of the stories' shop out of a real one, for a real plan of each would take minutes.

A derived plan is the real one with every value that a parameter makes put in its place: `PLACES` says which, by the template's
code, and so does nothing of what compares plans. Whoever uses it proves it first: derived from one clone's plan for
another clone, it is that one's own real plan (`changes`).
"""

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

from bot.core.plans.stack_inputs import Inputs
from bot.core.requests.clone import Draft
from bot.core.requests.refusal import Refused
from bot.model.environment import Manifest
from bot.names import ParameterName, StepName
from tests.support.shop import drafted

Documents = Mapping[StepName, tuple[bytes, Inputs]]
"""The plan of each stack as Terraform writes it, and the stack's inputs."""

Place = tuple[str | int, ...]
_DISK: Place = ("block_device_mappings", 0, "ebs", 0)

PLACES: Mapping[str, Mapping[Place, Callable[[Mapping[str, Any]], Any]]] = {
    "terraform_data.range": {("input",): lambda of: f"{of['name']} has {of['vpc_cidr']}"},
    "aws_vpc.main": {("cidr_block",): lambda of: of["vpc_cidr"]},
    "aws_route53_record.db[0]": {("records",): lambda of: [str(IPv4Network(of["vpc_cidr"])[10])]},
    "aws_launch_template.app": {
        ("instance_type",): lambda of: of["instance_class"],
        (*_DISK, "volume_type"): lambda of: of["storage_type"],
    },
    "aws_dynamodb_table.orders": {("read_capacity",): lambda of: of["reads_min"]},
    "aws_appautoscaling_target.reads": {
        ("min_capacity",): lambda of: of["reads_min"],
        ("max_capacity",): lambda of: of["reads_max"],
    },
    'aws_ssm_parameter.app["payments_url"]': {("value",): lambda of: of["payments_url"]},
    'aws_ssm_parameter.app["mail_sender"]': {("value",): lambda of: of["mail_sender"]},
}


def derived(real: Documents, base: Manifest, clone: Manifest) -> Documents:
    """Return the plan of `clone` out of that of `base`; both have the same storage type, on which hangs what else is set."""
    values = {str(name): value for name, value in clone.parameters.items()}
    found = {}
    for stack, (data, inputs) in real.items():
        # Names stand inside other texts, and nothing else has this one in it.
        document = json.loads(data.decode().replace(str(base.name), str(clone.name)))
        for resource in document["resource_changes"]:
            after = resource["change"]["after"]
            if isinstance(after.get("tags_all"), dict):
                after["tags_all"]["Purpose"] = values["purpose"]
            for place, value in PLACES.get(resource["address"], {}).items():
                _put(after, place, value(values))
        found[stack] = json.dumps(document).encode(), inputs
    return found


@dataclass(frozen=True)
class Real:
    """Real plans: those that others are derived from, one for each storage type, and one to prove that by."""

    bases: tuple[tuple[Draft, Documents], ...]
    proof: tuple[Draft, Documents]

    def derived(self, clone: Draft) -> Documents:
        """Return the plan of another clone."""
        storage = ParameterName("storage_type")
        wanted = clone.manifest.parameters[storage]
        [base] = [each for each in self.bases if each[0].manifest.parameters[storage] == wanted]
        return derived(base[1], base[0].manifest, clone.manifest)


def changes(documents: Documents) -> dict[str, Any]:
    """Return what is planned of each resource: the actions, the values, what is not known yet and what is secret."""
    kept = ("actions", "after", "after_unknown", "after_sensitive")
    return {
        f"{stack}/{resource['address']}": {name: resource["change"][name] for name in kept}
        for stack, (data, _) in documents.items()
        for resource in json.loads(data)["resource_changes"]
    }


def valid_clone(chance: random.Random, name: str) -> Draft:
    """Ask for clones at random until one is not refused for its contract, and return it."""
    while isinstance(found := _random_clone(chance, name), Refused):
        assert " must " in found.reason, found.reason
    return found


def _random_clone(chance: random.Random, name: str) -> Draft | Refused:
    """Ask for a clone with up to four parameters at random, each with a value that is valid by itself."""
    free = {
        "instance_class": chance.choice(["t3.small", "m6i.xlarge"]),
        "storage_type": chance.choice(["gp3", "io2"]),
        "reads_min": str(chance.randint(1, 8)),
        "reads_max": str(chance.randint(8, 1000)),
        "payments_url": chance.choice(["https://sandbox.payments.example/v2", "http://127.0.0.1:8080/pay"]),
        "mail_sender": chance.choice(["nobody@try.example", "orders@acme.example"]),
        "vpc_cidr": f"10.{chance.randint(64, 127)}.{chance.randrange(0, 256, 16)}.0/20",
    }
    purpose = chance.choice(["qa", "demo", "load-test"])
    return drafted(name, purpose, None, **dict(chance.sample(sorted(free.items()), chance.randint(0, 4))))


def _put(value: Any, place: Place, new: Any) -> None:
    for step in place[:-1]:
        value = value[step]
    value[place[-1]] = new
