from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class requestId(_message.Message):
    __slots__ = ("name", "album", "year", "rank")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ALBUM_FIELD_NUMBER: _ClassVar[int]
    YEAR_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    name: str
    album: str
    year: str
    rank: str
    def __init__(self, name: _Optional[str] = ..., album: _Optional[str] = ..., year: _Optional[str] = ..., rank: _Optional[str] = ...) -> None: ...

class requestInfo(_message.Message):
    __slots__ = ("team1", "team2", "score", "phase")
    TEAM1_FIELD_NUMBER: _ClassVar[int]
    TEAM2_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    team1: str
    team2: str
    score: str
    phase: str
    def __init__(self, team1: _Optional[str] = ..., team2: _Optional[str] = ..., score: _Optional[str] = ..., phase: _Optional[str] = ...) -> None: ...

class replyInfo(_message.Message):
    __slots__ = ("info",)
    INFO_FIELD_NUMBER: _ClassVar[int]
    info: str
    def __init__(self, info: _Optional[str] = ...) -> None: ...
