"""Second factors at the login: asked for, set up when demanded, taken away."""

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.errors import FactorNotFound, LastFactor, TooManyPasskeys, TooManyTries, WrongCode
from accounts.logins import user_of_login
from accounts.models import User
from accounts.services.factors import (
    MOST_PASSKEYS,
    add_passkey,
    add_totp,
    factors_of,
    make_recovery_codes,
    remove_factor,
    reset_factors,
    set_up,
    use_code,
)
from audit.events import Actor
from audit.models import AuditEvent
from tenants.models import Tenant
from tests.accounts.sign_in_rows import demand, make_passkey, make_totp
from tests.accounts.visits import actions, log_in

pytestmark = pytest.mark.usefixtures("english")

ACTOR = Actor(id="u1", name="Aoki Admin", ip_address="192.0.2.1")


def code_of(seed: str, *, steps: int = 0) -> str:
    return format_hotp_value(hotp_value(seed, int(timezone.now().timestamp()) // 30 + steps))


def page(name: str, *more: str) -> str:
    return reverse(name, args=["acme", *more])


def seed_on(answer: Any) -> str:
    return re.search(r'id="seed">([A-Z2-7 ]+)<', answer.content.decode()).group(1).replace(" ", "")


def is_signed_in(client: Client) -> bool:
    return user_of_login(client.session.session_key) is not None


def test_password_alone_is_no_login_when_there_is_an_app(client: Client, member: User) -> None:
    make_totp(member)
    answer = log_in(client, "acme", "member")
    assert (answer.status_code, answer["Location"]) == (302, page("login-code"))
    assert not is_signed_in(client)
    assert client.get(page("rooms"))["Location"].startswith(page("login"))
    assert "login_succeeded" not in actions()


def test_code_of_the_app_completes_the_login_and_leads_where_one_wanted_to_go(client: Client, member: User) -> None:
    seed = make_totp(member)
    log_in(client, "acme", "member", next_url=page("password"))
    answer = client.post(page("login-code"), {"code": code_of(seed)})
    assert answer["Location"] == page("password")
    assert is_signed_in(client)
    assert AuditEvent.objects.get(action="login_succeeded").details["methods"] == ["password", "totp"]


def test_wrong_code_is_refused_and_recorded(client: Client, member: User) -> None:
    make_totp(member)
    log_in(client, "acme", "member")
    answer = client.post(page("login-code"), {"code": "000000"})
    assert "This code is not right" in answer.content.decode()
    assert not is_signed_in(client)
    assert actions() == ["mfa_failed"]


def test_code_typed_with_a_japanese_keyboard_is_read(member: User) -> None:
    seed = make_totp(member)
    wide = str.maketrans("0123456789", "\uff10\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19")
    typed = code_of(seed).translate(wide)
    assert use_code(member, code=f"{typed[:3]} {typed[3:]}", actor=ACTOR).type == "totp"


def test_code_is_good_once(member: User) -> None:
    seed = make_totp(member)
    code = code_of(seed)
    use_code(member, code=code, actor=ACTOR)
    with pytest.raises(WrongCode):
        use_code(member, code=code, actor=ACTOR)


def test_code_from_before_the_last_used_one_is_dead(member: User) -> None:
    seed = make_totp(member)
    use_code(member, code=code_of(seed), actor=ACTOR)
    with pytest.raises(WrongCode):
        use_code(member, code=code_of(seed, steps=-1), actor=ACTOR)


def test_code_of_two_steps_ago_is_too_old(member: User) -> None:
    seed = make_totp(member)
    with pytest.raises(WrongCode):
        use_code(member, code=code_of(seed, steps=-2), actor=ACTOR)


def test_wrong_codes_are_slowed_down_from_whatever_address(client: Client, member: User, clock: Any) -> None:
    make_totp(member)
    log_in(client, "acme", "member")
    answers = [
        client.post(page("login-code"), {"code": "000000"}, REMOTE_ADDR=f"192.0.2.{number}") for number in range(8)
    ]
    assert answers[-1].status_code == 429
    assert int(answers[-1]["Retry-After"]) > 0


def test_slowed_down_user_is_not_helped_by_the_right_code(member: User, clock: Any) -> None:
    seed = make_totp(member)
    for _try in range(5):
        with pytest.raises(WrongCode):
            use_code(member, code="000000", actor=ACTOR)
    with pytest.raises(TooManyTries):
        use_code(member, code=code_of(seed), actor=ACTOR)


def test_recovery_code_signs_in_once(client: Client, member: User) -> None:
    make_totp(member)
    first, *_others = make_recovery_codes(member, actor=ACTOR)
    log_in(client, "acme", "member")
    client.post(page("login-code"), {"code": f"{first[:4]} {first[4:]}"})
    assert is_signed_in(client)
    assert AuditEvent.objects.get(action="mfa_recovery_code_used").details == {"left": 9}
    with pytest.raises(WrongCode):
        use_code(member, code=first, actor=ACTOR)


def test_new_recovery_codes_kill_the_old_ones(member: User) -> None:
    make_totp(member)
    old = make_recovery_codes(member, actor=ACTOR)
    make_recovery_codes(member, actor=ACTOR)
    with pytest.raises(WrongCode):
        use_code(member, code=old[0], actor=ACTOR)


def test_passkeys_of_one_user_have_an_end(member: User) -> None:
    for _ in range(MOST_PASSKEYS):
        make_passkey(member)
    with pytest.raises(TooManyPasskeys):
        add_passkey(member, actor=ACTOR, name="One more", credential={})
    assert len(factors_of(member)) == MOST_PASSKEYS


def test_recovery_codes_need_a_factor(member: User) -> None:
    with pytest.raises(FactorNotFound):
        make_recovery_codes(member, actor=ACTOR)


@pytest.mark.parametrize("name", ["login-code", "login-password", "login-factor"])
def test_page_of_a_login_that_does_not_owe_it_leads_to_the_login(client: Client, member: User, name: str) -> None:
    assert client.get(page(name))["Location"] == page("login")


def test_pending_login_is_worth_nothing_in_another_organisation(
    client: Client, member: User, other_tenant: Tenant
) -> None:
    make_totp(member)
    log_in(client, "acme", "member")
    assert client.get(reverse("login-code", args=["globex"]))["Location"] == reverse("login", args=["globex"])


@pytest.mark.parametrize("change", ["disabled", "password"])
def test_pending_login_dies_with_the_account_or_password_it_began_with(
    client: Client, member: User, change: str
) -> None:
    seed = make_totp(member)
    log_in(client, "acme", "member")
    if change == "disabled":
        member.is_active = False
    else:
        member.set_password("another horse battery")
    member.save()
    assert client.post(page("login-code"), {"code": code_of(seed)})["Location"] == page("login")
    assert not is_signed_in(client)


def test_demanded_factor_is_set_up_before_anything_else(client: Client, tenant: Tenant, member: User) -> None:
    demand(tenant, mfa="everybody")
    answer = log_in(client, "acme", "member")
    assert answer["Location"] == page("login-factor")
    assert not is_signed_in(client)
    form = client.get(page("login-factor"))
    done = client.post(page("login-factor"), {"code": code_of(seed_on(form))})
    assert 'data-testid="recovery-codes"' in done.content.decode()
    assert is_signed_in(client)
    assert actions() == ["mfa_totp_added", "mfa_recovery_codes_made", "login_succeeded"]


def test_seed_that_one_person_saw_is_not_offered_to_the_next(
    client: Client, tenant: Tenant, member: User, host: User
) -> None:
    demand(tenant, mfa="everybody")
    log_in(client, "acme", "member")
    seen = seed_on(client.get(page("login-factor")))
    assert seed_on(client.get(page("login-factor"))) == seen
    log_in(client, "acme", "host")
    assert seed_on(client.get(page("login-factor"))) != seen


def test_answer_that_is_no_passkey_is_refused_and_recorded(client: Client, member: User) -> None:
    make_passkey(member)
    log_in(client, "acme", "member")
    for credential in ("no json", "{}", '{"response": {}}'):
        answer = client.post(page("login-code"), {"credential": credential, "state": "none"})
        assert "The passkey was not accepted" in answer.content.decode()
    assert not is_signed_in(client)
    assert actions() == ["mfa_failed"] * 3


def test_answer_that_is_no_passkey_signs_nobody_in(client: Client, member: User) -> None:
    for credential in ("no json", "{}", '{"response": {"userHandle": "AAAA"}}'):
        answer = client.post(page("login-passkey"), {"credential": credential, "state": "none"})
        assert answer["Location"].startswith(page("login"))
    assert actions() == ["login_failed"] * 3
    assert client.post(page("login-passkey")).status_code == 400


def test_question_for_a_passkey_is_the_same_for_every_organisation(client: Client, tenant: Tenant) -> None:
    known = client.post(page("login-passkey"), {"begin": "1"}).json()["publicKey"]
    unknown = client.post(reverse("login-passkey", args=["nowhere"]), {"begin": "1"}).json()["publicKey"]
    assert known.pop("challenge") != unknown.pop("challenge")
    assert known == unknown
    assert "liveon_login" not in client.cookies


def test_app_that_shows_another_code_is_not_set_up(client: Client, tenant: Tenant, member: User) -> None:
    demand(tenant, mfa="everybody")
    log_in(client, "acme", "member")
    client.get(page("login-factor"))
    client.post(page("login-factor"), {"code": "000000"})
    assert factors_of(member) == []
    assert not is_signed_in(client)


def test_demand_on_administrators_leaves_members_alone(
    client: Client, tenant: Tenant, member: User, admin: User
) -> None:
    demand(tenant, mfa="admins")
    assert log_in(client, "acme", "member")["Location"] == page("rooms")
    assert log_in(Client(), "acme", "admin")["Location"] == page("login-factor")


def test_login_from_before_the_demand_ends_with_a_word_why(client: Client, tenant: Tenant, member: User) -> None:
    log_in(client, "acme", "member")
    demand(tenant, mfa="everybody")
    answer = client.get(page("rooms"), follow=True)
    assert answer.redirect_chain[-1][0].startswith(page("login"))
    assert "now demands a second factor" in answer.content.decode()
    assert AuditEvent.objects.get(action="login_ended").details == {"why": "factor"}


def test_login_that_owes_a_factor_opens_no_meeting(tenant: Tenant, member: User, client: Client) -> None:
    log_in(client, "acme", "member")
    assert is_signed_in(client)
    demand(tenant, mfa="everybody")
    assert not is_signed_in(client)


def test_last_factor_stays_while_it_is_demanded(tenant: Tenant, member: User) -> None:
    demand(tenant, mfa="everybody")
    make_totp(member)
    with pytest.raises(LastFactor):
        remove_factor(member, actor=ACTOR, factor_id="totp")
    key = make_passkey(member)
    remove_factor(member, actor=ACTOR, factor_id=key)
    assert set_up(member).number == 1


def test_last_factor_takes_the_recovery_codes_with_it(member: User) -> None:
    make_totp(member)
    make_recovery_codes(member, actor=ACTOR)
    remove_factor(member, actor=ACTOR, factor_id="totp")
    assert factors_of(member) == []


def test_seed_is_not_readable_in_the_database(member: User) -> None:
    seed = make_totp(member)
    assert seed not in str(Authenticator.objects.get().data)


def test_new_app_replaces_the_old_one(member: User) -> None:
    make_totp(member)
    seed = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    add_totp(member, actor=ACTOR, secret=seed, code=code_of(seed))
    assert len(factors_of(member)) == 2  # the app and its recovery codes


def test_reset_takes_everything_away_and_ends_all_logins(
    client: Client, member: User, announced: list[dict[str, Any]]
) -> None:
    log_in(client, "acme", "member")
    make_totp(member)
    reset_factors(member, actor=ACTOR)
    assert factors_of(member) == []
    assert not is_signed_in(client)
    assert AuditEvent.objects.get(action="mfa_reset").details == {"removed": 1, "logins_ended": 1}
    assert [(said["reason"], said["login_key"]) for said in announced] == [("logged_out", "")]


def test_own_page_lists_what_is_set_up(client: Client, member: User) -> None:
    client.force_login(member)
    assert "None is set up" in client.get(page("security")).content.decode()
    make_totp(member)
    key = make_passkey(member)
    text = client.get(page("security")).content.decode()
    assert page("factor-remove", "totp") in text
    assert page("factor-remove", key) in text
    assert "Blue key" in text


def test_removing_a_factor_of_ones_own(client: Client, member: User) -> None:
    client.force_login(member)
    make_totp(member)
    assert "It is your last one" in client.get(page("factor-remove", "totp")).content.decode()
    client.post(page("factor-remove", "totp"))
    assert factors_of(member) == []
    assert actions() == ["mfa_totp_removed"]


def test_recovery_codes_are_shown_in_the_answer_only(client: Client, member: User) -> None:
    client.force_login(member)
    make_totp(member)
    shown = client.post(page("recovery-codes")).content.decode()
    codes = re.findall(r"(\d{4} \d{4})(?:<br>|</code>)", shown)
    assert len(codes) == 10
    assert codes[0] not in client.get(page("recovery-codes")).content.decode()
