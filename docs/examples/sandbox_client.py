"""The client of a merchant in a sandbox, whose twenty people and clock it can move; see merchant_client.py."""

from typing import Any

from merchant_client import MerchantClient


class SandboxClient(MerchantClient):
    """The same in a sandbox, whose people and clock can be moved."""

    def list_people(self) -> list[dict[str, Any]]:
        """List the twenty people."""
        return list(self.call("GET", "/v1/sandbox/people")["items"])

    def show_code(self, person_no: str, **bound: str) -> str:
        """Have a person show a code, bound to a `scenario`, a `merchant`, both or none."""
        return str(self.call("POST", f"/v1/sandbox/people/{person_no}/codes", bound)["code"])

    def apply(self, person_no: str, scenario: str, amount_fen: int | None = None) -> dict[str, Any]:
        """Have a person apply in the app, at you; `grant_id` is None where nothing is given."""
        wanted = {"scenario": scenario, "amount_fen": amount_fen}
        return self.call("POST", f"/v1/sandbox/people/{person_no}/applications", wanted)

    def make_card(self, person_no: str, scenario: str, minutes: int) -> str | None:
        """Have a person make a card for your gate; None where nothing is given."""
        made = self.call("POST", f"/v1/sandbox/people/{person_no}/cards", {"scenario": scenario, "minutes": minutes})
        card: str | None = made["card"]
        return card

    def confirm(self, verification_id: str) -> None:
        """Have the person confirm an ask."""
        self.call("POST", f"/v1/sandbox/asks/{verification_id}/confirmation")

    def decline(self, verification_id: str) -> None:
        """Have the person decline an ask."""
        self.call("POST", f"/v1/sandbox/asks/{verification_id}/refusal")

    def complain(self, person_no: str, grant_id: str, kind: str, text: str) -> dict[str, Any]:
        """Have a person complain: `not_honoured`, `not_released` or `charged_wrongly`."""
        complaint = {"grant_id": grant_id, "kind": kind, "text": text}
        return self.call("POST", f"/v1/sandbox/people/{person_no}/complaints", complaint)

    def answer_report(self, person_no: str, proposal_id: str, text: str) -> None:
        """Have the person whom you reported answer."""
        self.call("POST", f"/v1/sandbox/people/{person_no}/proposals/{proposal_id}/answers", {"text": text})

    def object_to_report(self, person_no: str, proposal_id: str, text: str) -> None:
        """Have the person whom you reported object."""
        self.call("POST", f"/v1/sandbox/people/{person_no}/proposals/{proposal_id}/objections", {"text": text})

    def read_clock(self) -> str:
        """Read what time it is in the sandbox."""
        return str(self.call("GET", "/v1/sandbox/clock")["now"])

    def move_clock(self, moment: str) -> str:
        """Move the clock forward."""
        return str(self.call("PUT", "/v1/sandbox/clock", {"now": moment})["now"])
