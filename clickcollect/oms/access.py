"""Who sees and may do what: the rights table, in one place (contract section 2, roles).

Doors ask here and decide nothing themselves. A package outside the caller's stores is not found,
and that is decided before anything else is looked at.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from clickcollect.accounts.models import Channel, Role, User
from clickcollect.errors import Forbidden, NotFound
from clickcollect.omnitron.models import Order, OrderItem, RetailStore, StoreMembership
from clickcollect.oms.models import Package, ids_of_numbers
from clickcollect.whisperer import registry

ASSOCIATE, MANAGER, OPERATOR, ADMIN = Role.ASSOCIATE, Role.MANAGER, Role.OPERATOR, Role.ADMIN
EVERYBODY: Final = frozenset({ASSOCIATE, MANAGER, OPERATOR, ADMIN})
BACK_OFFICE: Final = frozenset({OPERATOR, ADMIN})
AUTHORITY: Final = frozenset({MANAGER, OPERATOR, ADMIN})

RIGHTS: Final[dict[str, frozenset[Role]]] = {
    "packages:read": EVERYBODY,
    "packages:command": EVERYBODY,
    "packages:override": AUTHORITY,
    "stores:read": EVERYBODY,
    "stores:write": BACK_OFFICE,
    "orders:read": BACK_OFFICE,
    "orders:write": BACK_OFFICE,
    "settings:read": AUTHORITY,
    "settings:write": AUTHORITY,
    "settings:security": frozenset({ADMIN}),
    "hooks:read": BACK_OFFICE,
    "hooks:write": BACK_OFFICE,
    "hooks:code-bearing": frozenset({ADMIN}),
    "logs:read": AUTHORITY,
    "reviews:write": AUTHORITY,
    "process:read": BACK_OFFICE,
    "process:write": BACK_OFFICE,
    "staff:read": BACK_OFFICE,
    "staff:write": frozenset({ADMIN}),
    "tokens:write": frozenset({ADMIN}),
    "privacy:write": frozenset({ADMIN}),
}

# What belongs to no store, so that nobody who is bound to some may see or change it (contract section 2).
OF_ALL_STORES: Final = frozenset(
    {
        "stores:write",
        "hooks:read",
        "hooks:write",
        "hooks:code-bearing",
        "process:read",
        "process:write",
        "staff:read",
        "staff:write",
        "tokens:write",
        "privacy:write",
    }
)
# Commands that weaken the check of the code: a token needs a scope of its own for them (contract section 2).
OVERRIDES: Final = frozenset({"DELIVER_WITHOUT_CODE", "UNLOCK_CODE", "CORRECT_PHONE", "EXTEND_PICKUP"})

# A command that is not named here is open to everybody who sees the package.
COMMAND_ROLES: Final[dict[str, frozenset[Role]]] = {
    "CANCEL_PACKAGE": AUTHORITY,
    "EXTEND_PICKUP": AUTHORITY,
    "UNLOCK_CODE": AUTHORITY,
    "DELIVER_WITHOUT_CODE": AUTHORITY,
    "CORRECT_PHONE": BACK_OFFICE,
}


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who acts, through which door, and where.

    ``user_id`` is None for the system itself (a job); ``store_ids`` is None for every store;
    ``scopes`` is None where no token narrows the role's rights; ``is_program``: a token made for a program acts,
    not a person and not the key of their sign-in; ``device_user_id``: who is signed in on the device where somebody
    else signs for one step.
    """

    user_id: int | None
    name: str
    role: Role
    channel: Channel
    store_ids: frozenset[int] | None
    scopes: frozenset[str] | None = None
    is_program: bool = False
    device_user_id: int | None = None

    def may(self, right: str) -> bool:
        """Whether role and token both allow it. What is of all stores is closed to a token narrowed to some."""
        return self._allows(right, role=self.role)

    def _allows(self, right: str, *, role: Role) -> bool:
        allowed = role in RIGHTS[right] and (self.scopes is None or right in self.scopes)
        return allowed and (self.store_ids is None or right not in OF_ALL_STORES)

    def require(self, right: str) -> None:
        """Raise Forbidden unless role and token both allow it."""
        if not self.may(right):
            raise Forbidden

    def may_run(self, command_code: str, *, with_manager: bool = False) -> bool:
        """Whether role and token may ever run the command; where and when is the transition's to say.

        ``with_manager``: whether an associate may once a manager of the store signs for it.
        """
        role = MANAGER if with_manager and self.role == ASSOCIATE else self.role
        allowed = self._allows("packages:command", role=role) and role in COMMAND_ROLES.get(command_code, EVERYBODY)
        return allowed and (command_code not in OVERRIDES or self._allows("packages:override", role=role))

    def sees_store(self, store_id: int | None) -> bool:
        return self.store_ids is None or store_id in self.store_ids


SYSTEM: Final = Actor(
    user_id=None,
    name="clickcollect",
    role=Role.ADMIN,
    channel=Channel.OMS_WEB,
    store_ids=None,
    scopes=None,
)


def actor_for(user: User, *, channel: Channel | None = None) -> Actor:
    """The actor behind a signed-in person. Store staff act in INSTORE and in their own stores only."""
    role = Role(user.role)
    is_staff = role not in BACK_OFFICE
    own = stores_worked_in(user) if is_staff else ()
    return Actor(
        user_id=user.id,
        name=user.get_full_name(),
        role=role,
        channel=effective_channel(role, asked=channel or user.channel),
        store_ids=frozenset(own) if is_staff else None,
    )


def stores_worked_in(user: User) -> Iterable[int]:
    """The ids of a person's stores; the session that brought them along has read them already."""
    if user.store_ids is not None:
        return user.store_ids
    return StoreMembership.objects.filter(user=user).values_list("store_id", flat=True)


def require_hook_right(actor: Actor, right: str, *types: str | None) -> None:
    """Raises Forbidden without the right; and, of types that carry codes, without the right to say where those go."""
    actor.require(right)
    if any(name and registry.is_code_bearing(name) for name in types) and not actor.may("hooks:code-bearing"):
        raise Forbidden(_("This event carries pickup codes. Only an administrator can decide where it goes."))


def effective_channel(role: Role, *, asked: Channel) -> Channel:
    """Store staff act in INSTORE, whatever was asked for."""
    return asked if role in BACK_OFFICE else Channel.INSTORE


def orders_of(actor: Actor) -> QuerySet[Order]:
    """The orders this caller can see: those of their stores, and those with a package there."""
    if actor.store_ids is None:
        return Order.objects.all()
    there = Package.objects.filter(order=OuterRef("pk"), stock_location_id__in=actor.store_ids)
    return Order.objects.filter(Q(retail_store_id__in=actor.store_ids) | Exists(there))


def order_items_of(actor: Actor) -> QuerySet[OrderItem]:
    """The lines of orders that this caller can see: those for their stores."""
    if actor.store_ids is None:
        return OrderItem.objects.all()
    own = Q(retail_store_id__in=actor.store_ids)
    return OrderItem.objects.filter(own | Q(retail_store=None, order__retail_store_id__in=actor.store_ids))


def packages_of(actor: Actor) -> QuerySet[Package]:
    """The packages this caller can see at all, each with the database's time as ``clock``."""
    related = Package.objects.select_related("state", "order", "stock_location")
    seen: QuerySet[Package] = related.annotate(clock=Now())  # type: ignore[no-redef]
    return seen if actor.store_ids is None else seen.filter(stock_location_id__in=actor.store_ids)


def get_package(actor: Actor, *, package_id: int | None = None, number: str | None = None) -> Package:
    """One package by id or by number, never by code. Raises NotFound, also for another store's package."""
    if package_id is None:
        package_id = next(iter(ids_of_numbers([number or ""])), -1)
    try:
        return packages_of(actor).get(id=package_id)
    except (Package.DoesNotExist, OverflowError):
        raise NotFound from None


def stores_of(actor: Actor) -> QuerySet[RetailStore]:
    """The stores this caller can see."""
    stores = RetailStore.objects.all()
    return stores if actor.store_ids is None else stores.filter(id__in=actor.store_ids)


def managers_of_store(store_id: int) -> QuerySet[User]:
    """The managers who work in a store now, by name; at most 100."""
    working = StoreMembership.objects.filter(store_id=store_id).values("user_id")
    found = User.objects.filter(pk__in=working, role=Role.MANAGER, is_active=True)
    return found.order_by("first_name", "last_name", "pk")[:100]
