"""Corrections of moto, each with the AWS behaviour that it restores.

They change moto's classes in the process that serves them, and nothing else: Terraform, templates and the product see an
endpoint that behaves as AWS does. A correction that moto has made itself is taken out here.
"""

import bot.sandbox.aws.regions  # noqa: F401 (first: it loads EC2 in a third of the time)
from bot.sandbox.aws.corrections import compute, data, identity, network, tagging
from bot.sandbox.aws.corrections.correction import EmulatorCorrection

ALL: tuple[EmulatorCorrection, ...] = (
    *network.CORRECTIONS,
    *data.CORRECTIONS,
    *compute.CORRECTIONS,
    *identity.CORRECTIONS,
    *tagging.CORRECTIONS,
)


def install() -> None:
    """Correct the moto of this process; call it once, before the first request."""
    for correction in ALL:
        correction.install()
