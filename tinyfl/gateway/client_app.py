"""A gateway as a Flower ClientApp, for fleets that run ``flower-supernode --node-config 'gateway="FILE"'``.

The supernode starts a process for each round; ``tinyfl gateway FILE`` does the same without and is quicker.
"""

from __future__ import annotations

from pathlib import Path

from flwr.app import Context, Message
from flwr.clientapp import ClientApp

from coordinator.flower_records import order_from_records, reports_to_records
from tinyfl.errors import ScenarioError
from tinyfl.gateway.config import GatewayDevices, load_config

app = ClientApp()


@app.train()
def train(message: Message, context: Context) -> Message:
    """Take the gateway's devices through one round."""
    file = context.node_config.get("gateway")
    if file is None:
        raise ScenarioError("the supernode names no gateway file; start it with --node-config 'gateway=\"FILE\"'")
    order = order_from_records(message.content)
    devices = GatewayDevices(load_config(Path(str(file))))
    try:
        devices.connect()
        return Message(reports_to_records(devices.cohort.run(order), order.base.size), reply_to=message)
    finally:
        devices.close()
