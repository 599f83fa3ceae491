"""The HTTP interface of the stack's daemon, JSON over its unix socket."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from host.errors import Kind, StackError
from stack.configuring import Values
from stack.local_stack import LocalStack
from stack.status import endpoints, status

CODES: Mapping[Kind, int] = {"refused": 409, "not_found": 404, "unreachable": 503, "failed": 500}
MOST_LINES = 500


def application(stack: LocalStack, down: Callable[[], None]) -> Starlette:
    """The routes. `down` is called when somebody asks for the end of the stack."""
    routes = Routes(stack, down)
    table: list[tuple[str, str, Callable[[Request], Awaitable[JSONResponse]]]] = [
        ("GET", "/v1/status", routes.status),
        ("GET", "/v1/endpoints", routes.endpoints),
        ("GET", "/v1/events", routes.events),
        ("GET", "/v1/logs/{name}", routes.logs),
        ("POST", "/v1/deployments/{name}/scale", routes.scale),
        ("POST", "/v1/deployments/{name}/restart", routes.restart),
        ("GET", "/v1/deployments/{name}/variables", routes.variables),
        ("POST", "/v1/deployments/{name}/variables", routes.configure),
        ("DELETE", "/v1/pods/{name}", routes.delete_pod),
        ("POST", "/v1/engines/{name}/restart", routes.restart_engine),
        ("POST", "/v1/faults/preview", routes.preview),
        ("POST", "/v1/faults", routes.inject),
        ("GET", "/v1/faults", routes.faults),
        ("DELETE", "/v1/faults/{name}", routes.recover),
        ("POST", "/v1/scenario", routes.scenario),
        ("POST", "/v1/down", routes.down),
    ]
    return Starlette(
        routes=[Route(path, call, methods=[method]) for method, path, call in table],
        exception_handlers={StackError: _refused, Exception: _failed},
    )


class Routes:
    """One method for each route."""

    def __init__(self, stack: LocalStack, down: Callable[[], None]) -> None:
        self._stack = stack
        self._down = down

    async def status(self, request: Request) -> JSONResponse:
        """Everything that runs."""
        return JSONResponse(await status(self._stack))

    async def endpoints(self, request: Request) -> JSONResponse:
        """The endpoints, with their logins."""
        return JSONResponse(endpoints(self._stack))

    async def events(self, request: Request) -> JSONResponse:
        """What happened after a number."""
        after = _number(request.query_params.get("after", "0"), "after")
        events = self._stack.events
        found = [event.to_json() for event in events.after(after)]
        return JSONResponse({"events": found, "last": events.last})

    async def logs(self, request: Request) -> JSONResponse:
        """The last lines of a pod or an engine."""
        lines = min(MOST_LINES, _number(request.query_params.get("lines", "100"), "lines"))
        previous = request.query_params.get("previous") == "true"
        return JSONResponse({"lines": self._stack.tail(_name(request), lines, previous)})

    async def scale(self, request: Request) -> JSONResponse:
        """Another number of replicas."""
        replicas = (await _body(request)).get("replicas")
        if isinstance(replicas, bool) or not isinstance(replicas, int):
            raise _bad("replicas must be a whole number.")
        self._stack.scale(_name(request), replicas)
        return JSONResponse({"replicas": replicas})

    async def restart(self, request: Request) -> JSONResponse:
        """Replaces the pods of a deployment one by one."""
        self._stack.controller(_name(request)).restart()
        return JSONResponse({})

    async def variables(self, request: Request) -> JSONResponse:
        """What is set of some variables, and whether all pods have that."""
        controller = self._stack.controller(_name(request))
        names = [name for name in request.query_params.get("names", "").split(",") if name]
        values = self._stack.overrides.values(controller.deployment, names)
        missing = controller.replicas - controller.ready
        rolled = not controller.rolling and not missing
        state = "" if rolled else controller.message or f"{missing} not ready"
        return JSONResponse({"values": values, "rolling": state})

    async def configure(self, request: Request) -> JSONResponse:
        """Other variables; answers when that is recorded."""
        body = await _body(request)
        self._stack.configure(_name(request), _values(body.get("values")))
        return JSONResponse({})

    async def delete_pod(self, request: Request) -> JSONResponse:
        """Ends a pod; answers when it is gone."""
        controller, pod = self._stack.pod(_name(request))
        text = request.query_params.get("grace")
        await controller.delete(pod, None if text is None else float(_number(text, "grace")))
        return JSONResponse({})

    async def restart_engine(self, request: Request) -> JSONResponse:
        """Ends an engine politely; it starts again."""
        await self._stack.supervisor(_name(request)).restart()
        return JSONResponse({})

    async def preview(self, request: Request) -> JSONResponse:
        """What a fault would hit."""
        manifest = _manifest(await _body(request))
        return JSONResponse(self._stack.faults.preview(manifest).to_json())

    async def inject(self, request: Request) -> JSONResponse:
        """Starts a fault."""
        body = await _body(request)
        run = body.get("run", "")
        if not isinstance(run, str):
            raise _bad("run must be a text.")
        fault = await self._stack.faults.inject(_manifest(body), run)
        return JSONResponse(fault.to_json())

    async def faults(self, request: Request) -> JSONResponse:
        """All faults that are held."""
        return JSONResponse({"faults": [f.to_json() for f in await self._stack.faults.all()]})

    async def recover(self, request: Request) -> JSONResponse:
        """Ends a fault; answers when that is verified."""
        return JSONResponse((await self._stack.faults.recover(_name(request))).to_json())

    async def scenario(self, request: Request) -> JSONResponse:
        """Another scenario; not taken where the stack has to be started again for it."""
        name = (await _body(request)).get("scenario")
        if not isinstance(name, str) or not name:
            raise _bad("scenario must be a name or a path.")
        taken = self._stack.use_scenario(name)
        return JSONResponse({"scenario": self._stack.chosen.scenario.name, "taken": taken})

    async def down(self, request: Request) -> JSONResponse:
        """Asks for the end; the connection closes when everything has ended."""
        self._down()
        return JSONResponse({}, status_code=202)


def _values(found: object) -> Values:
    try:
        return msgspec.convert(found, dict[str, dict[str, str | None]])
    except msgspec.ValidationError:
        raise _bad("values must be texts, by container and variable.") from None


def _name(request: Request) -> str:
    return str(request.path_params["name"])


def _number(text: str, name: str) -> int:
    if not text.isdigit():
        raise _bad(f"{name} must be a whole number, 0 or more.")
    return int(text)


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body())
    except ValueError as error:
        raise _bad(f"The body is no JSON: {error}.") from error
    if not isinstance(body, dict):
        raise _bad("The body must be a JSON object.")
    return body


def _manifest(body: Mapping[str, Any]) -> Mapping[str, Any]:
    manifest = body.get("manifest")
    if not isinstance(manifest, dict):
        raise _bad("manifest must be a Chaos Mesh object.")
    return manifest


def _bad(message: str) -> StackError:
    return StackError(message, "See docs/architecture.md for the routes.", "refused")


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, StackError)
    body = {"error": error.message, "fix": error.fix, "kind": error.kind}
    return JSONResponse(body, status_code=CODES[error.kind])


async def _failed(request: Request, error: Exception) -> JSONResponse:
    message = f"The stack failed at {request.method} {request.url.path}: {error!r}."
    body = {"error": message, "fix": "Look at logs/stackd.log in its folder.", "kind": "failed"}
    return JSONResponse(body, status_code=500)
