from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Greeting(_message.Message):
    __slots__ = ("name", "location", "age", "infectedtype", "state", "gender", "vaccine_type")
    NAME_FIELD_NUMBER: _ClassVar[int]
    LOCATION_FIELD_NUMBER: _ClassVar[int]
    AGE_FIELD_NUMBER: _ClassVar[int]
    INFECTEDTYPE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    GENDER_FIELD_NUMBER: _ClassVar[int]
    VACCINE_TYPE_FIELD_NUMBER: _ClassVar[int]
    name: str
    location: str
    age: str
    infectedtype: str
    state: str
    gender: str
    vaccine_type: str
    def __init__(self, name: _Optional[str] = ..., location: _Optional[str] = ..., age: _Optional[str] = ..., infectedtype: _Optional[str] = ..., state: _Optional[str] = ..., gender: _Optional[str] = ..., vaccine_type: _Optional[str] = ...) -> None: ...

class GreetRequest(_message.Message):
    __slots__ = ("greeting",)
    GREETING_FIELD_NUMBER: _ClassVar[int]
    greeting: Greeting
    def __init__(self, greeting: _Optional[_Union[Greeting, _Mapping]] = ...) -> None: ...

class GreetResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: str
    def __init__(self, result: _Optional[str] = ...) -> None: ...
