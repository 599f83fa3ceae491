"""Names in Kafka, Redis and MongoDB. One fact, one place.

Redis keys of one scenario share the hash tag `{scenario}`, so that counters and committed offset
always live on one node and one script may touch them all.
"""

from __future__ import annotations

PARTITIONS = 12
"""Partitions of the events topic; the consumer's autoscaler may never ask for more replicas."""

DATABASE = "controlroom"

OTHERS = "%others"
"""Member of a tally for what had no place among its members. No event makes this name, because
`%` is escaped in it."""


def events_topic(scenario: str) -> str:
    """Kafka topic of accepted events."""
    return f"{scenario}.events"


def rejected_topic(scenario: str) -> str:
    """Kafka topic on which producers keep what they refused."""
    return f"{scenario}.rejected"


def consumer_group(scenario: str) -> str:
    """Consumer group that writes the stores."""
    return f"{scenario}-store"


def counter_key(scenario: str, key: str) -> str:
    """Redis key of one tally, `key` being its filled template: a hash, a set or a number.

    A hash or set with many members has more beside it, see `tallies.lua`: the sorted set
    `{scenario}:%top:<key>`, and fields of the hashes `{scenario}:%sums` and `{scenario}:%floors`.
    """
    return f"{{{scenario}}}:{key}"


def is_beside(key: str) -> bool:
    """Whether a key without the scenario is not a tally but lies beside one."""
    return key.startswith("%")


def committed_key(scenario: str) -> str:
    """Redis hash: committed offset field -> offset of the last event that was counted."""
    return f"{{{scenario}}}:fence"


def committed_field(group: str, topic: str, topic_id: str, partition: int) -> str:
    """Field of the committed offset. The topic's identity is part of it: a topic made anew starts
    at 0."""
    return f"{group}/{topic}/{topic_id}/{partition}"


def life_id(topic_id: str, number: int) -> str:
    """Identity of one life of a partition, which stands wherever the topic's id stands.

    The life 0 is the topic as it was made. A log that was found shorter than what was counted of
    it goes on as the next life, so that no offset ever names two records.
    """
    return f"{topic_id}~{number}" if number else topic_id


def next_life(field: str) -> str:
    """The field of the committed offset that the next life of that partition has."""
    start, _, partition = field.rpartition("/")
    topic_id, _, number = start.partition("~")
    return f"{life_id(topic_id, int(number or 0) + 1)}/{partition}"


def lives_key(scenario: str) -> str:
    """Redis hash: committed offset field of a life above 0 -> `<base> <committed of the life
    before> <ms>`, and `settled` -> acknowledged events that the broker lost and that somebody has
    written off."""
    return f"{{{scenario}}}:lives"


def marks_key(scenario: str) -> str:
    """Redis hash: committed offset field -> `<leader epoch> <fingerprint>` of the record at the
    committed offset, as `wire.lives.Mark` writes it. It changes together with the committed
    offset."""
    return f"{{{scenario}}}:marks"


def lives_collection(scenario: str) -> str:
    """MongoDB collection of what `lives_key` has, because Redis may be emptied: `_id` a `tp`,
    `topic`, `topic_id`, `partition`, `number`, `base`, `fence`, `at`; `settled` has `events`."""
    return f"{scenario}.lives"


def low_watermark_key(scenario: str) -> str:
    """Redis hash: committed offset field -> offset up to which documents were purged on purpose."""
    return f"{{{scenario}}}:floor"


def once_key(scenario: str, tp: str) -> str:
    """Redis hash: id that a client gave -> `<offset> <ms>` of the first record with it.

    It holds the newest ids of one partition (`tp`), changes only together with the committed
    offset, and goes by itself when no such id has come for long.
    """
    return f"{{{scenario}}}:once:{tp}"


def lost_key(scenario: str) -> str:
    """Redis hash: `<tp> <offset>` -> `<offset> <ms>`: places behind the first offset up to the
    second one that were counted as lost, and when. A document there is nobody's. It lies with the
    ids, which a rebuild leaves alone and no producer may write."""
    return f"{{{scenario}}}:once:lost"


def books_key(scenario: str) -> str:
    """Redis hash of totals over all topics that ever had the name of the events topic.

    `counted` events · `dead` events of the events topic that were kept as rejected, and every
    offset of a batch that cannot be read · `repeated`
    records of the events topic whose id had been there before · `extra` events beyond the first
    of a record that held a list · `gaps` offsets without a record that may be read (marks of
    transactions, what they aborted, compaction) · `refused` records of the rejected topic ·
    `purged` documents removed on purpose, by hand or by retention · `forgotten` the same of the
    rejected topic · `version` rises with every change · `at` time of the last counting, ms since
    the epoch by the clock of Redis · `most` members that a tally may have.

    They are over all queues. Of a queue that is not the scenario's first they are there once more,
    as `<name>@<queue>`.
    """
    return f"{{{scenario}}}:books"


def queues_key(scenario: str) -> str:
    """Redis hash: committed offset field -> queue that its log belongs to, of every queue but the
    scenario's first."""
    return f"{{{scenario}}}:queues"


def of_side(name: str, side: str) -> str:
    """What is kept under `name`, of one queue; `side` as `Scenario.side` has it."""
    return f"{name}@{side}" if side else name


def side_of(name: str) -> str:
    """The queue in a name that `of_side` made."""
    return name.partition("@")[2]


def acknowledged_key(scenario: str) -> str:
    """Redis hash: producer instance -> number of events it has acknowledged, ever.

    An instance that publishes to another queue than the scenario's first is `<id>@<queue>`.
    """
    return f"{{{scenario}}}:acknowledged"


def queue_key(scenario: str, queue: str) -> str:
    """What a queue that is made of Redis keeps there of one scenario, or the beginning of the keys
    of it."""
    return f"{{{scenario}}}:queue:{queue}"


def logs_collection(scenario: str) -> str:
    """MongoDB collection of stored events.

    Document: `_id` `<topic id>:<partition>#<offset>`, `tp` `<topic id>:<partition>`,
    `o` offset (int), `id` event id, `origin` http | grpc | kafka, `at` produced (ms since the
    epoch), `stored` (ms since the epoch), `event` the fields. Events of a record that holds a
    list add `i`, their place in it: `_id` `<topic id>:<partition>#<offset>.<i>`. Events whose id
    a client gave have `once` true.

    `_id` alone makes a document unique. The index on (`tp`, `o`) is not unique, because events
    of one list share it; a range of `o` within one `tp` costs the same with and without a third
    field or uniqueness in the index, and bulk inserts are faster without the third field.
    """
    return f"{scenario}.logs"


def partition_id(topic_id: str, partition: int) -> str:
    """`tp` of a document: one partition of one life of a topic (see `life_id`)."""
    return f"{topic_id}:{partition}"


def document_id(tp: str, offset: int, index: int | None = None) -> str:
    """`_id` of a document; `index` is the place in a list, None for a record of one event."""
    return f"{tp}#{offset}" if index is None else f"{tp}#{offset}.{index}"


def rejected_collection(scenario: str) -> str:
    """MongoDB collection of rejected records, same ids and index as the logs.

    `reason`: list of {field, message}; `value`: the record as text, at most 4 KiB;
    `origin`, `at`, `stored` as in the logs. A record whose id had been there before is kept here
    too, with the `_id` of the first as `repeats`. Of records that cannot be read there is one
    document: `o` is the last of their offsets, `first` the first, and `value` their first bytes in
    hexadecimal.
    """
    return f"{scenario}.rejected"


def low_watermarks_collection(scenario: str) -> str:
    """MongoDB collection of what was removed on purpose: `_id` a `tp`, `o` up to which offset.

    Kept beside the documents because Redis may be emptied, and never below its low watermarks.
    """
    return f"{scenario}.floors"


def audits_collection(scenario: str) -> str:
    """MongoDB collection of what was counted of the logs: a document per `tp`, made and read by
    `wire.document_count`."""
    return f"{scenario}.audits"


def removed_collection(scenario: str) -> str:
    """MongoDB collection of stored events that somebody has taken back: `_id` the event id,
    `origin`. Their documents stay, since the books count them."""
    return f"{scenario}.removed"


def auditing_key(scenario: str) -> str:
    """Redis text with an expiry: the consumer that counts the documents now."""
    return f"{{{scenario}}}:auditing"


def retention_key(scenario: str) -> str:
    """Redis text with an expiry: the consumer that prunes the documents now."""
    return f"{{{scenario}}}:retention"


def losing_key(scenario: str) -> str:
    """Redis text with an expiry: the consumer that looks at the places that were lost now. It lies
    where they do."""
    return f"{{{scenario}}}:once:losing"


def disk_key(store: str) -> str:
    """Redis text with an expiry, there while the disk of `kafka`, `redis` or `mongo` is nearly
    full: JSON with `store`, `free` and `reserve` (bytes). Of no scenario: stores are shared."""
    return f"controlroom:disk:{store}"


_NO_TALLIES = tuple(
    made("").removeprefix(counter_key("", ""))
    for made in (
        acknowledged_key, auditing_key, books_key, committed_key, lives_key, low_watermark_key,
        marks_key, queues_key, retention_key,
    )
)  # fmt: skip
_NONE_BELOW = tuple(
    made("", "").removeprefix(counter_key("", "")) for made in (once_key, queue_key)
)


def is_tally(key: str) -> bool:
    """Whether a Redis key, without its scenario, is a tally: nothing that is kept of its own."""
    return not (key in _NO_TALLIES or key.startswith(_NONE_BELOW) or is_beside(key))
