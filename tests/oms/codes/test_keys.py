"""The keys of the codes: rotation, loss, a restored backup, and how codes are spread."""

import secrets
from collections import Counter
from math import erfc, sqrt

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from clickcollect.errors import OtpIncorrect, OtpNotIssued
from clickcollect.oms import states
from clickcollect.oms.access import SYSTEM
from clickcollect.oms.codes import keys, pickup_code
from clickcollect.oms.commands.run import available_commands, run_command
from clickcollect.oms.models import CodeIssue
from clickcollect.runtime.data_dir import new_code_key
from clickcollect.settings import parse_code_keys
from tests import shop

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
DELIVER = "SELF_SERVICE_PACKAGE_DELIVERY_COMMAND"


def issues(count: int, *, key_id: str) -> list[CodeIssue]:
    return [
        CodeIssue(package_id=n, number=1, nonce=secrets.token_bytes(16), key_id=key_id, digits=6) for n in range(count)
    ]


@pytest.mark.parametrize("count", [20_000, pytest.param(1_000_000, marks=[pytest.mark.soak, pytest.mark.timeout(900)])])
def test_t03_codes_are_spread_evenly_and_keep_their_zeros(count: int) -> None:
    with override_settings(PICKUP_CODE_KEYS={"k": OLD}):
        codes = [pickup_code.derive(issue).reveal() for issue in issues(count, key_id="k")]
    assert all(len(code) == 6 and code.isascii() and code.isdigit() for code in codes)
    assert sum(code.startswith("0") for code in codes) == pytest.approx(count / 10, rel=0.1)
    assert chi_square_p(Counter(int(code) // 1000 for code in codes), cells=1000) > 0.001


def test_t03_control_uneven_codes_are_found() -> None:
    uneven = Counter(secrets.randbelow(1000) ** 2 // 1000 for _ in range(20_000))
    assert chi_square_p(uneven, cells=1000) < 0.001


def chi_square_p(counted: Counter[int], *, cells: int) -> float:
    """The p value of a chi-square test for an even spread, by the Wilson-Hilferty approximation."""
    expected = counted.total() / cells
    statistic = sum((counted[cell] - expected) ** 2 / expected for cell in range(cells))
    freedom = cells - 1
    z = ((statistic / freedom) ** (1 / 3) - (1 - 2 / (9 * freedom))) / sqrt(2 / (9 * freedom))
    return erfc(z / sqrt(2)) / 2


@pytest.mark.django_db
def test_t05_a_restored_backup_issues_other_codes_and_accepts_no_old_one() -> None:
    packages = [shop.make_package(states.PACKED) for _ in range(100)]
    kept = [(package.pk, package.version) for package in packages]

    def issue_all() -> list[str]:
        for package in packages:
            run_command(package_id=package.pk, transition="READY_FOR_PICKUP", actor=SYSTEM)
        return [shop.right_code(package) for package in packages]

    before = issue_all()
    CodeIssue.objects.all().delete()  # the backup was made before the codes
    for (pk, version), package in zip(kept, packages, strict=True):
        type(package).objects.filter(pk=pk).update(state=package.state, version=version, issue_number=0)
    after = issue_all()
    equal = sum(old == new for old, new in zip(before, after, strict=True))
    assert equal <= 1
    accepted = 0
    for package, old in zip(packages, before, strict=True):
        try:
            run_command(package_id=package.pk, transition=DELIVER, actor=SYSTEM, data={"otp": old})
        except OtpIncorrect:
            continue
        accepted += 1
    assert accepted == equal, "an old code is accepted only where chance made the new one the same"


@pytest.mark.django_db
def test_t05_control_a_nonce_that_is_not_random_would_bring_the_old_codes_back() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(secrets, "token_bytes", bytes)
        package = shop.make_package(states.READY)
        old = shop.right_code(package)
        CodeIssue.objects.all().delete()
        again = pickup_code.new_issue(package, digits=6)
        again.number = package.issue_number
        again.save()
    run_command(package_id=package.pk, transition=DELIVER, actor=SYSTEM, data={"otp": old})


@pytest.mark.django_db
@pytest.mark.parametrize("count", [20, pytest.param(1000, marks=[pytest.mark.soak, pytest.mark.timeout(1800)])])
def test_t07_rotation_keeps_old_codes_and_makes_new_ones_with_the_newest_key(count: int) -> None:
    with override_settings(PICKUP_CODE_KEYS={"old": OLD}):
        packages = [shop.make_package(states.READY) for _ in range(count)]
        codes = [shop.right_code(package) for package in packages]
    with override_settings(PICKUP_CODE_KEYS={"new": NEW, "old": OLD}):
        assert [shop.right_code(package) for package in packages] == codes
        *verified, last = zip(packages, codes, strict=True)
        for package, code in verified:
            run_command(package_id=package.pk, transition=DELIVER, actor=SYSTEM, data={"otp": code})
        fresh = shop.make_package(states.READY)
        assert CodeIssue.objects.get(package=fresh).key_id == "new"
        assert [(use.key_id, use.open_issues) for use in keys.key_usage()] == [("new", 1), ("old", 1)]
    with override_settings(PICKUP_CODE_KEYS={"newer": NEW[::-1], "new": NEW, "old": OLD}):
        assert [(use.key_id, use.open_issues) for use in keys.key_usage()] == [("newer", 0), ("new", 1), ("old", 1)]
        assert [use.is_newest for use in keys.key_usage()] == [True, False, False]
        assert keys.reseal_secrets() == (0, 0)
    with override_settings(PICKUP_CODE_KEYS={"new": NEW}), pytest.raises(OtpNotIssued):
        run_command(package_id=last[0].pk, transition=DELIVER, actor=SYSTEM, data={"otp": last[1]})


@pytest.mark.parametrize("count", [1000])
def test_t07_a_dropped_key_says_send_a_new_code_a_thousand_times(count: int) -> None:
    made = issues(count, key_id="old")
    with override_settings(PICKUP_CODE_KEYS={"new": NEW, "old": OLD}):
        assert len([pickup_code.derive(issue) for issue in made]) == count
    with override_settings(PICKUP_CODE_KEYS={"new": NEW}):
        for issue in made:
            with pytest.raises(OtpNotIssued):
                pickup_code.derive(issue)


@pytest.mark.django_db
def test_a_package_whose_key_is_lost_can_be_given_a_new_code() -> None:
    with override_settings(PICKUP_CODE_KEYS={"old": OLD}):
        package = shop.make_package(states.READY)
    with override_settings(PICKUP_CODE_KEYS={"new": NEW}):
        for command in (DELIVER, "RESEND_CODE"):
            with pytest.raises(OtpNotIssued):
                run_command(package_id=package.pk, transition=command, actor=SYSTEM, data={"otp": "123456"})
        assert shop.reread(package).total_attempts == 0
        assert available_commands(package=shop.reread(package), actor=SYSTEM)
        run_command(package_id=package.pk, transition="SEND_NEW_CODE", actor=SYSTEM)
        run_command(package_id=package.pk, transition=DELIVER, actor=SYSTEM, data={"otp": shop.right_code(package)})
    assert shop.state_of(package) == states.DELIVERED


@pytest.mark.parametrize(
    "text",
    ["k1", "k1:", ":QUJD", "k1:QUJD", "k1:not base64!", "a:{0},a:{0}", "x" * 33 + ":{0}"],
)
def test_a_wrong_key_setting_is_a_sentence(text: str) -> None:
    good = new_code_key().partition(":")[2]
    with pytest.raises(ImproperlyConfigured, match="PICKUP_CODE_KEYS must read"):
        parse_code_keys(text.format(good))


def test_a_new_key_can_be_put_before_the_others() -> None:
    first, second = new_code_key(), new_code_key().replace("k", "j", 1)
    assert len(parse_code_keys(f"{second},{first}")) == 2
    assert settings.PICKUP_CODE_KEYS, "tests run with a key"
