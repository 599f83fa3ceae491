"""Accounts of the stores: what each part of the pipeline may do there. One fact, one place.

Each has a Secret of its own, `stores-NAME`, with its logins. An administrator's login is in the
Secret `stores`, which the engines alone are given.
"""

from __future__ import annotations

from dataclasses import dataclass

from wire import keys

_LOOKS = "+@read +@connection +@transaction +eval_ro +evalsha_ro -@admin -@dangerous"
_ACTS = "+@all -@admin -@dangerous"
_OWN = "~{*}:*"
_DISKS = "controlroom:disk:*"
_QUEUES = "~{*}:queue:* &{*}:queue:*"
"""What a queue that is made of Redis keeps there, and its channels."""


@dataclass(frozen=True, slots=True)
class Account:
    """One account, of the same name in every store."""

    name: str
    redis: str
    """Keys and commands, as the ACL of Redis (7 or later) has them."""
    mongo: str
    """Role in the database; empty where it has no account there."""

    @property
    def secret(self) -> str:
        """Name of the Secret with its logins."""
        return f"stores-{self.name}"

    @property
    def roles(self) -> list[dict[str, str]]:
        """Its roles, as createUser wants them."""
        return [{"role": self.mongo, "db": keys.DATABASE}] if self.mongo else []


ACCOUNTS = (
    # publishes what it has acknowledged, and to queues; obeys a full disk
    Account("producer", f"~{{*}}:acknowledged {_QUEUES} %R~{_DISKS} {_ACTS}", ""),
    # the consumer, and the bridge's server in its place
    Account("consumer", f"{_OWN} &{{*}}:queue:* ~{_DISKS} {_ACTS}", "readWrite"),
    Account("reader", f"%R{_OWN} %R~{_DISKS} {_LOOKS}", "read"),
    # the rooms of people: one may look; the other purges and rebuilds too, whose script needs KEYS
    Account("viewer", f"%R{_OWN} %R~{_DISKS} {_LOOKS}", "read"),
    Account("operator", f"{_OWN} ~{_DISKS} {_ACTS} +keys", "readWrite"),
)


def login_of(account: Account, stores: bool) -> str:
    """Name of the account by which the pods of another one log in. `stores`: whether the
    scenario's publishers write the stores by themselves (`QueueKind.stores`)."""
    return "consumer" if stores and account.name == "producer" else account.name


def redis_line(account: Account, secret: str) -> str:
    """The line of a configuration that makes the account, with nothing of an older one left."""
    return f"user {account.name} reset on >{secret} {account.redis}"


def login_variables(store: str, name: str, secret: str | None) -> dict[str, str]:
    """What a Secret tells a service of its login at a store such as `REDIS`; nothing where there
    is no password."""
    if secret is None:
        return {}
    return {f"{store}_PASSWORD": secret} | ({f"{store}_USERNAME": name} if name else {})
