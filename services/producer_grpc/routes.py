"""The RPCs of existing implementations, as the scenario lists them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import grpc
from google.protobuf.message import Message

from scenarios.bodies import Unreadable
from scenarios.errors import ScenarioError
from scenarios.events import render
from scenarios.scenario import GrpcRoute
from services.producer_grpc.calls import Calls, Context, Handler, RefusedError, key_of, reading
from services.producer_grpc.messages import message_class, record_of_message
from services.shared.intake import Accept


class Route:
    """One unary RPC: a message whose fields are the event's, and a filled reply."""

    def __init__(self, route: GrpcRoute, accept: Accept) -> None:
        self.method = route.method
        self.request: type[Message] = message_class(route.request)
        self.reply: type[Message] = message_class(route.reply)
        self._templates: Mapping[str, str] = route.reply_fields
        self._accept = accept
        known = [field.name for field in self.reply.DESCRIPTOR.fields]
        for name in route.reply_fields:
            if name not in known:
                raise ScenarioError(
                    f"[[grpc]] reply_fields: {route.reply} has no field {name}",
                    f"use {', '.join(known)}",
                )

    async def call(self, request: Message | Unreadable, context: Context) -> Message:
        """Take the event of one request."""
        key = key_of(context)
        ids = (key,) if key else ()
        if isinstance(request, Unreadable):
            raise RefusedError(await self._accept([request], ids))
        record = record_of_message(request)
        receipt = await self._accept([record], ids)
        if not receipt.accepted:
            raise RefusedError(receipt)
        values: dict[str, Any] = {**record, "id": receipt.last_id}
        return self.reply(
            **{name: render(template, values) for name, template in self._templates.items()}
        )


class RoutesHandler(Handler):
    """Finds the behaviour of a method by its path."""

    def __init__(
        self, wanted: Sequence[GrpcRoute], accept: Accept, calls: Calls, largest: int
    ) -> None:
        """`largest`: bytes of one request. Raises ScenarioError for what no proto has."""
        routes = [Route(route, accept) for route in wanted]
        self.services = sorted({route.method.split("/")[1] for route in routes})
        self._handlers = {
            route.method: calls.unary(route.call, reading(route.request, largest), route.reply)
            for route in routes
        }

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """The handler of a call, or None where the scenario does not have its method."""
        return self._handlers.get(handler_call_details.method)
