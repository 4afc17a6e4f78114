"""The sandbox's AWS: moto on loopback with documented corrections, separate accounts, and the internet in front of it."""

from bot.sandbox.aws.accounts import SandboxAccount
from bot.sandbox.aws.sandbox import NotStarted, SandboxAws

__all__ = ["NotStarted", "SandboxAccount", "SandboxAws"]
