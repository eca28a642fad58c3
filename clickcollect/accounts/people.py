"""People as lists and logs name them."""

from collections.abc import Iterable

from clickcollect.accounts.models import User


def choose_time_zone(user: User, *, time_zone: str) -> None:
    """Remember in which time zone a person reads the back office; empty: in the store's."""
    user.time_zone = time_zone
    user.save(update_fields=["time_zone"])


def full_names(user_ids: Iterable[int | None]) -> dict[int, str]:
    """The names of people by id, in one statement; none for what is no id."""
    wanted = {user_id for user_id in user_ids if user_id is not None}
    return {user.id: user.get_full_name() for user in User.objects.filter(id__in=wanted)} if wanted else {}
