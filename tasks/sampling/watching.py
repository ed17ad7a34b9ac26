"""Asks servers how they are while requests are out, so that their limits follow.

A server without a metrics page that can be used is asked again only now and then.
"""

import asyncio

from tasks.sampling.balancing import Server, Slots
from tasks.sampling.metrics import ServerState, parse_state
from tasks.sampling.retries import Fault
from tasks.sampling.transport import Transport

FIRST_SECONDS = 0.1
STEADY_SECONDS = 1.0
ABSENT_SECONDS = 60.0
"""Until a server that publishes nothing is asked again."""
TIMEOUT_SECONDS = 5.0


async def watch_servers(slots: Slots, transport: Transport) -> None:
    """Watch all servers until cancelled."""
    async with asyncio.TaskGroup() as group:
        for server in slots.servers:
            group.create_task(_watch(server, slots, transport))


async def _watch(server: Server, slots: Slots, transport: Transport) -> None:
    seconds = FIRST_SECONDS
    while True:
        await asyncio.sleep(seconds)
        if not server.in_flight:
            continue
        state = await _read(server, transport)
        seconds = min(1.5 * seconds, STEADY_SECONDS) if state else ABSENT_SECONDS
        if state is not None:
            is_pressed = state.is_pressed_since(server.state)
            server.limiter.add_state(
                state.waiting, state.running, server.in_flight, is_pressed=is_pressed
            )
            slots.wake()
        server.state = state


async def _read(server: Server, transport: Transport) -> ServerState | None:
    try:
        answer = await transport.send("GET", server.metrics_url, None, TIMEOUT_SECONDS)
    except Fault:
        return None
    return parse_state(answer.data) if answer.code == 200 and not answer.is_cut else None
