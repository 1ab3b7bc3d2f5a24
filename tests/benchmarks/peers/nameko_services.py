"""A stock nameko system: HTTP gateway -> RPC -> SQLAlchemy commit -> EventDispatcher -> event_handler -> upsert.

Written as nameko's documentation and its example shop show it. Every setting is nameko's own default: ten workers a
service, JSON, confirmed publishing, durable queues with persistent messages, redelivery off.
"""

from __future__ import annotations

import json
import time
from typing import Any

from nameko.events import EventDispatcher, event_handler
from nameko.rpc import RpcProxy, rpc
from nameko.web.handlers import http
from sqlalchemy.dialects.postgresql import insert
from werkzeug import Request, Response

from tests.benchmarks.peers.nameko_models import DatabaseSession, Pledge, Signed


class Gateway:
    name = "gateway"
    pledges_rpc = RpcProxy("pledges")

    @http("POST", "/v1/pledges")
    def sign(self, request: Request) -> Response:
        pledge = self.pledges_rpc.sign(json.loads(request.get_data(as_text=True)))
        return Response(json.dumps(pledge), 201, mimetype="application/json")


class Pledges:
    name = "pledges"
    db = DatabaseSession()
    dispatch = EventDispatcher()

    @rpc
    def sign(self, pledge: dict[str, Any]) -> dict[str, Any]:
        self._sign(pledge)
        return {"student": pledge["student"], "created": True}

    @rpc
    def sign_at(self, pledges: list[dict[str, Any]], rate: float) -> list[float]:
        """Sign one after the other, so many a second (0: as fast as it goes); when each was committed."""
        began = time.time()
        committed: list[float] = []
        for number, pledge in enumerate(pledges):
            if rate:
                time.sleep(max(0.0, began + number / rate - time.time()))
            self._sign(pledge, committed)
        return committed

    @rpc
    def dispatch_only(self, pledges: list[dict[str, Any]]) -> float:
        """How many seconds the dispatcher takes for these."""
        began = time.perf_counter()
        for pledge in pledges:
            self.dispatch("pledge_signed", pledge)
        return time.perf_counter() - began

    def _sign(self, pledge: dict[str, Any], committed: list[float] | None = None) -> None:
        self.db.add(Pledge(**pledge))
        self.db.commit()
        if committed is not None:
            committed.append(time.time())
        self.dispatch("pledge_signed", pledge)


class Evaluation:
    name = "evaluation"
    db = DatabaseSession()

    @event_handler("pledges", "pledge_signed")
    def count(self, pledge: dict[str, Any]) -> None:
        one = insert(Signed).values(district=pledge["district"], pledges=1)
        self.db.execute(
            one.on_conflict_do_update(index_elements=["district"], set_={"pledges": Signed.pledges + 1})
        )
        self.db.commit()
