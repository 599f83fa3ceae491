from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Usuario(_message.Message):
    __slots__ = ("name", "location", "gender", "age", "vaccine_type")
    NAME_FIELD_NUMBER: _ClassVar[int]
    LOCATION_FIELD_NUMBER: _ClassVar[int]
    GENDER_FIELD_NUMBER: _ClassVar[int]
    AGE_FIELD_NUMBER: _ClassVar[int]
    VACCINE_TYPE_FIELD_NUMBER: _ClassVar[int]
    name: str
    location: str
    gender: str
    age: int
    vaccine_type: str
    def __init__(self, name: _Optional[str] = ..., location: _Optional[str] = ..., gender: _Optional[str] = ..., age: _Optional[int] = ..., vaccine_type: _Optional[str] = ...) -> None: ...

class userRequest(_message.Message):
    __slots__ = ("user",)
    USER_FIELD_NUMBER: _ClassVar[int]
    user: Usuario
    def __init__(self, user: _Optional[_Union[Usuario, _Mapping]] = ...) -> None: ...

class userResponse(_message.Message):
    __slots__ = ("resultado",)
    RESULTADO_FIELD_NUMBER: _ClassVar[int]
    resultado: str
    def __init__(self, resultado: _Optional[str] = ...) -> None: ...
