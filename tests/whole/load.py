"""A shop at work while its processes are killed: what its clients were told, and whether the database says the same.

A client that hears nothing, or 503, asks again until it is told something; what it is told then must be true.
"""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from threading import Event, Lock, Thread
from typing import Any, Final

from tests.runtime.test_run import wait_until
from tests.whole.storm import DELIVER, PACK, READY, Answer, Shop, command_path, outcome, wrong

MOST_OPEN: Final = 60  # packages at the counter; beyond, only handovers are made
NAMES: Final = {PACK: "Packed All Items", READY: "Ready for Customer Pickup", DELIVER: "Delivered"}
NUMBERS: Final = {PACK: "500", READY: "600", DELIVER: "700"}


@dataclass
class Parcel:
    """A package as its clients know it."""

    order: str
    package: int = 0
    moves: list[str] = field(default_factory=list)  # commands whose success is known
    wrong_told: int = 0
    wrong_in_doubt: int = 0
    only_wrong: bool = False  # nobody ever sends its right code
    locked: bool = False


class Load:
    """Its clients, each in a thread."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.tally: Counter[str] = Counter()
        self.parcels: list[Parcel] = []
        self.open: list[Parcel] = []
        self.faults: list[str] = []
        self._lock, self._over = Lock(), Event()

    @contextmanager
    def running(self, *, threads: int) -> Iterator[None]:
        clients = [Thread(target=self._work, args=[Random(number)], daemon=True) for number in range(threads)]
        for client in clients:
            client.start()
        try:
            yield
        finally:
            self._over.set()
        wait_until(lambda: self._all_alive() and not any(map(Thread.is_alive, clients)), seconds=120)

    def wait_for_done(self, number: int) -> None:
        """Until so many more commands are done; meanwhile whoever ended of himself is started again."""
        before = self.tally["done"]
        wait_until(lambda: self._all_alive() and self.tally["done"] >= before + number, seconds=60)

    def _all_alive(self) -> bool:
        """Whoever ended of himself is started again, from the thread that his life hangs on."""
        self.tally["ended of themselves"] += self.shop.keep_alive()
        assert not self.faults, self.faults[:5]
        return True

    def hand_over_the_rest(self) -> None:
        """When all is quiet, every customer whose code still works gets the package."""
        chance = Random(0)
        while self.open:
            parcel = self.open.pop()
            wait_until(lambda parcel=parcel: parcel.package in self.shop.ears.codes, seconds=120)  # type: ignore[misc]
            self._at_the_counter(parcel, chance)

    def contradictions(self) -> list[str]:
        """Where the database and its log say something else than the clients were told."""
        found = list(self.faults)
        orders = Counter(number for (number,) in self.shop.ask("SELECT number FROM omnitron_order"))
        for parcel in self.parcels:
            told = self._told_by_database(parcel.package)
            attempts = told.pop("attempts")
            expected = {"moves": sorted(NUMBERS[slug] for slug in parcel.moves), "delivered": DELIVER in parcel.moves}
            if orders[parcel.order] != 1 or told != expected:
                found.append(f"{parcel}: {told}")
            if not parcel.wrong_told <= attempts <= 5 or attempts > parcel.wrong_told + parcel.wrong_in_doubt:
                found.append(f"{parcel}: {attempts} counted")
            if parcel.only_wrong and DELIVER in parcel.moves:
                found.append(f"{parcel}: delivered without its code")
        return found

    def _told_by_database(self, package: int) -> dict[str, Any]:
        moves = "SELECT new_state FROM oms_commandlog WHERE kind = 'move' AND package_id = %s AND new_state <> '100'"
        state = (
            "SELECT enum_value, total_attempts FROM oms_package JOIN oms_packagestate ON oms_packagestate.id = state_id"
            " WHERE oms_package.id = %s"
        )
        ((value, attempts),) = self.shop.ask(state, package)
        done = sorted(number for (number,) in self.shop.ask(moves, package))
        return {"moves": done, "delivered": value == "700", "attempts": attempts}

    # --- one client ---

    def _work(self, chance: Random) -> None:
        try:
            while not self._over.is_set():
                if chance.random() < 0.5 and len(self.open) < MOST_OPEN:
                    self._bring(chance)
                else:
                    self._hand_over_one(chance)
        except Exception as fault:
            self.faults.append(repr(fault))
            raise

    def _bring(self, chance: Random) -> None:
        """An order comes in and is made ready."""
        document = self.shop.order()
        status, made = self._settled(self.shop.admin, "/api/v1/omnitron/orders/", document)
        if status not in (200, 201):
            self.faults.append(f"order {document['number']}: {status} {made}")
            return
        parcel = Parcel(order=document["number"], package=int(made["packages"][0]["id"]))
        with self._lock:
            self.parcels.append(parcel)
        parcel.only_wrong = chance.random() < 0.05
        for slug in (PACK, READY):
            self._run(parcel, slug, chance)
        with self._lock:
            self.open.append(parcel)

    def _hand_over_one(self, chance: Random) -> None:
        """One of the packages whose customer has the code by now."""
        with self._lock:
            known = [parcel for parcel in self.open if parcel.package in self.shop.ears.codes]
            if known:
                self.open.remove(parcel := chance.choice(known))
        if known:
            self._at_the_counter(parcel, chance)
        else:
            time.sleep(0.1)

    def _at_the_counter(self, parcel: Parcel, chance: Random) -> None:
        code = self.shop.ears.codes[parcel.package]
        guesses = 7 if parcel.only_wrong else chance.choice([0, 0, 0, 0, 0, 0, 1, 2])
        for number in range(guesses):
            self._run(parcel, DELIVER, chance, otp=wrong(code, number + 1))
        if not parcel.only_wrong:
            self._run(parcel, DELIVER, chance, otp=code)

    def _run(self, parcel: Parcel, slug: str, chance: Random, **data: str) -> None:
        """One command, until what became of it is told."""
        person = chance.randrange(len(self.shop.tokens))
        is_wrong = "otp" in data and data["otp"] != self.shop.ears.codes[parcel.package]
        doubts = Counter[str]()
        path, token = command_path(parcel.package), self.shop.tokens[person]
        answer = self._settled(token, path, {"slug": slug, **data}, doubts)
        # A right code is in doubt too until it is answered: it is counted first, and given back when it was right.
        parcel.wrong_in_doubt += doubts["in doubt"] if "otp" in data else 0
        word = outcome(answer)
        with self._lock:
            self.tally[word] += 1
        if word == "otp_incorrect" and is_wrong:
            parcel.wrong_told += 1
        elif word == "done" and not is_wrong:
            parcel.moves.append(slug)
        elif word == "state_conflict" and doubts and answer[1]["state"] == NAMES[slug] and not is_wrong:
            parcel.moves.append(slug)  # the first try had done it
        elif word in ("otp_locked", "throttled") and "otp" in data:
            parcel.locked = True
        else:
            self.faults.append(f"{slug} of {parcel} after {dict(doubts)}: {answer}")

    def _settled(self, token: str, path: str, body: dict[str, Any], doubts: Counter[str] | None = None) -> Answer:
        """Ask until there is an answer that says something."""
        deadline = time.monotonic() + 300
        while True:
            status, answer = self.shop.call(token, "POST", path, body)
            if status not in (0, 503):
                return status, answer
            with self._lock:
                self.tally["no answer" if status == 0 else "503"] += 1
            if doubts is not None:
                doubts["in doubt"] += 1
            assert time.monotonic() < deadline, "nobody answers any more"
            time.sleep(0.1)
