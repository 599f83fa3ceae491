from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class IngresoSolicitud(_message.Message):
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

class Respuesta(_message.Message):
    __slots__ = ("codigo", "mensaje")
    CODIGO_FIELD_NUMBER: _ClassVar[int]
    MENSAJE_FIELD_NUMBER: _ClassVar[int]
    codigo: str
    mensaje: str
    def __init__(self, codigo: _Optional[str] = ..., mensaje: _Optional[str] = ...) -> None: ...
