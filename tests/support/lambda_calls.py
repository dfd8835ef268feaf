"""The calls by which a function is read and changed, made of the requests that they are: for tests whose sandbox runs
in virtual time."""

from __future__ import annotations

from typing import Any

from loadgen.runner.control import CallFailed
from loadgen.runner.function.calls import Configuration, Provisioned, Settings, configuration_of, differing

ORDERS = "/2015-03-31/functions/orders"
PATH = f"{ORDERS}/configuration"
PROVISIONED = "/2019-09-30/functions/orders/provisioned-concurrency"


class Calls:
    """Of the function `orders`."""

    def ask(self, method: str, path: str, **body: Any) -> Any:
        """The answer's body. Raises CallFailed."""
        raise NotImplementedError

    async def read(self, qualifier: str = "") -> Configuration:
        return configuration_of(self.ask("GET", f"{PATH}?Qualifier={qualifier}" if qualifier else PATH))

    async def configure(self, wanted: Settings, now: Configuration) -> Configuration:
        return configuration_of(self.ask("PUT", PATH, **differing(wanted, now), RevisionId=now.revision))

    async def publish(self, description: str) -> Configuration:
        return configuration_of(self.ask("POST", f"{ORDERS}/versions", Description=description))

    async def versions(self) -> list[Configuration]:
        return [configuration_of(of) for of in self.ask("GET", f"{ORDERS}/versions")["Versions"]]

    async def delete(self, version: str) -> None:
        self.ask("DELETE", f"{ORDERS}?Qualifier={version}")

    async def provisioned(self, qualifier: str) -> Provisioned | None:
        try:
            said = self.ask("GET", f"{PROVISIONED}?Qualifier={qualifier}")
        except CallFailed:
            return None
        return Provisioned(said["RequestedProvisionedConcurrentExecutions"], said["Status"])

    async def provision(self, qualifier: str, number: int) -> None:
        self.ask("PUT", f"{PROVISIONED}?Qualifier={qualifier}", ProvisionedConcurrentExecutions=number)

    async def release(self, qualifier: str) -> None:
        self.ask("DELETE", f"{PROVISIONED}?Qualifier={qualifier}")
