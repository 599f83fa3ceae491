from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class PredictionRequest(_message.Message):
    __slots__ = ("team1", "team2", "score", "phase")
    TEAM1_FIELD_NUMBER: _ClassVar[int]
    TEAM2_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    team1: str
    team2: str
    score: str
    phase: int
    def __init__(self, team1: _Optional[str] = ..., team2: _Optional[str] = ..., score: _Optional[str] = ..., phase: _Optional[int] = ...) -> None: ...

class PredictionReply(_message.Message):
    __slots__ = ("message",)
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    message: str
    def __init__(self, message: _Optional[str] = ...) -> None: ...
