# ruff: noqa: T201
from nameko.events import event_handler


class Newsletter:
    name = "newsletter"

    @event_handler("pledges", "PledgeSigned")
    def on_signed(self, event):
        print(event["data"]["school"], event["sequence"])
