"""The clouds that are known, by name, and the one that environments are deployed to: what the core is given as data."""

from collections.abc import Mapping

from bot.clouds.aws.facts import FACTS as AWS
from bot.core.cloud_facts import CloudFacts

CLOUDS: Mapping[str, CloudFacts] = {"aws": AWS}

FACTS = CLOUDS["aws"]
"""The cloud of this installation. A second one needs a place to say which: the template's declaration."""
